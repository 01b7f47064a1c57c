import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Recognised } from '../../../slas/recognise/recognise.ts';
import { named } from '../command.ts';
import { HarnessError } from '../errors.ts';
import { accept, badOption, type Input, userPath } from '../inputs.ts';
import type { Io } from '../io.ts';
import type { Choices, InitOptions } from './choices.ts';
import { documentText } from './document-text.ts';
import { scriptText } from './script-text.ts';
import { type Asked, slug } from './sources.ts';
import {
  type Addresses,
  type Files,
  type Gate,
  githubText,
  gitlabText,
  prometheusText,
} from './workflow-text.ts';

/** The files that `init` writes. */

interface Text {
  /** The path relative to the working directory. */
  readonly file: string;
  readonly text: string;
}

export interface Texts {
  readonly document: Text;
  readonly all: readonly Text[];
  readonly files: Files;
  readonly addresses: Addresses;
}

const DEFAULT_FOLDER = 'slas';

export function textsOf(
  found: Recognised,
  choices: Choices,
  asked: Asked,
  options: InitOptions,
  own: Omit<Gate, 'hasToken'>,
): Texts {
  const gate: Gate = { ...own, hasToken: asked.hasToken };
  const folder = options.out ?? DEFAULT_FOLDER;
  const { name } = choices;
  const metrics = options.metrics === undefined ? null : new URL(options.metrics);
  const files: Files = {
    document: join(folder, `${name}.yaml`),
    script: options.script ?? join(folder, `${name}.js`),
    prometheusConfig: metrics === null ? null : join(folder, 'prometheus.yml'),
  };
  const addresses: Addresses = {
    target: options.target ?? metrics?.origin ?? 'http://127.0.0.1:8080',
    prometheus: options.prometheus ?? 'http://127.0.0.1:9090',
  };
  const document = { file: files.document, text: documentText(found, choices) };
  const all: Text[] = [document];
  if (options.script === undefined) all.push({ file: files.script, text: scriptText(choices, asked) });
  if (metrics !== null)
    all.push({ file: files.prometheusConfig!, text: prometheusText(metrics, choices, asked) });
  // GitHub reads workflows only from this folder, so the file name distinguishes the workflows of two services.
  if (options.ci === 'github')
    all.push({
      file: `.github/workflows/sla-${slug(name)}.yml`,
      text: githubText(files, addresses, choices, gate),
    });
  if (options.ci === 'gitlab')
    all.push({ file: join(folder, 'gitlab-ci.yml'), text: gitlabText(files, addresses, choices, gate) });
  return { document, all, files, addresses };
}

/** Writes all files, or none if one of them cannot be written. */
export async function writeAll(
  { all, files }: Texts,
  { name }: Choices,
  { force, out }: InitOptions,
  io: Io,
): Promise<Input<null>> {
  const there = all.filter(({ file }) => existsSync(userPath(io, file))).map(({ file }) => file);
  if (there.length > 0 && force !== true)
    return badOption('--out', existing(there, files, { name, folder: out ?? DEFAULT_FOLDER }, io));
  for (const { file, text: written } of all) {
    const text = named(written, io);
    const path = userPath(io, file);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    } catch (cause) {
      throw new HarnessError('not-written', `${file} cannot be written: ${(cause as Error).message}`, {
        nextStep: 'check the permissions of its folder',
        cause,
      });
    }
    io.print(`wrote ${file}\n`);
  }
  return accept(null);
}

/** The message first suggests the remedy that keeps the existing files. */
function existing(
  there: readonly string[],
  { document }: Files,
  { name, folder }: { readonly name: string; readonly folder: string },
  io: Io,
): string {
  const [be, them] = there.length === 1 ? ['exists', 'the file'] : ['exist', 'the files'];
  // A different folder is not enough: the document names and the workflow files would still collide.
  const isSameName = there.includes(document) || there.some((file) => file.startsWith('.github'));
  const free = freeFolder(join(folder, name), io);
  const other = isSameName
    ? `--name ${name}-2 --out ${freeFolder(join(folder, `${name}-2`), io)}`
    : `--out ${free}`;
  return `${there.join(', ')} already ${be}, and nothing was written. For another service, keep ${them} and write to a folder of its own: ${other}. To replace ${them}: --force`;
}

function freeFolder(wanted: string, io: Io): string {
  let folder = wanted;
  for (let count = 2; existsSync(userPath(io, folder)); count++) folder = `${wanted}-${count}`;
  return folder;
}
