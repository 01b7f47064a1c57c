import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../testing/sla.ts';

/** Every relative link in the docs leads to an existing file and heading, and every path in them exists. */

const pages = globSync('**/*.md', {
  cwd: ROOT,
  exclude: (name) => name.includes('node_modules') || name.startsWith('.sla') || name.startsWith('runs'),
});
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');
const withoutBlocks = (text: string) => text.replace(/```[\s\S]*?```/g, '');

/** GitHub's anchor for a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const anchorsOf = (page: string) =>
  [...withoutBlocks(read(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));

const linksOf = (page: string) =>
  [...withoutBlocks(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link!)
    .filter((link) => !/^(https?|mailto):/.test(link));

function isBroken(page: string, link: string): boolean {
  const [path, anchor] = link.split('#') as [string, string | undefined];
  const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
  if (!existsSync(join(ROOT, target))) return true;
  return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor);
}

/** Created by commands that the docs show; not part of a clone. */
const MADE_BY_COMMANDS = [
  'slas/documents/checkout.yaml',
  'slas/checkout.yaml',
  'slas/checkout.js',
  'scripts/stack/images.lock.json',
];
const OUR_PATH = /`((?:slas|scripts|dashboards|service|docs|ci)\/[\w./-]+)`/g;

describe.each(pages)('%s', (page) => {
  test('every link has a destination', () => {
    expect(linksOf(page).filter((link) => isBroken(page, link))).toEqual([]);
  });

  test('every path exists', () => {
    // Changelog entries keep the file names of their time.
    const text = page === 'CHANGELOG.md' ? '' : read(page);
    const named = [...text.matchAll(OUR_PATH)].map(([, path]) => path!);
    const known = (path: string) => existsSync(join(ROOT, path)) || MADE_BY_COMMANDS.includes(path);
    expect(named.filter((path) => !known(path))).toEqual([]);
  });
});
