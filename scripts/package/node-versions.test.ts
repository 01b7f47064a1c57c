import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../testing/sla.ts';
import { manifestOf, type RepositoryManifest } from './manifest.ts';

/**
 * Three versions of Node.js matter: the minimum for the launcher, the one that the repository installs and uses, and the
 * minimum for the npm package. Every place that names one of them must agree.
 */

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const own = JSON.parse(read('package.json')) as RepositoryManifest & { readonly engines: { node: string } };
const packed = manifestOf(own, new Set()) as { readonly engines: { readonly node: string } };

const majorOf = (range: string) => /^>=(\d+)$/.exec(range)![1]!;
const launcher = majorOf(own.engines.node);
const installed = own.devDependencies.node!.split('.')[0]!;
const npmPackage = majorOf(packed.engines.node);

test('the launcher starts on the version in package.json', () => {
  expect(read('sla')).toContain(`\nminimum_node=${launcher}\n`);
});

test('the README names all three Node.js versions', () => {
  const text = read('README.md').replace(/\s+/g, ' ');
  expect(text).toContain(`npm with Node ${launcher} or newer; npm then installs the Node ${installed} that`);
  expect(text).toContain(`(The npm package, for your own service, runs on Node ${npmPackage} or newer.)`);
});

describe('the npm package', () => {
  test.each(['docs/package.md', 'docs/tutorial.md'])('needs the Node.js version that %s names', (file) => {
    const named = read(file)
      .replace(/\s+/g, ' ')
      .match(/Node \d+ or newer/g);
    expect(named).toEqual([`Node ${npmPackage} or newer`]);
  });

  test('is tested on the oldest version and on the installed one', () => {
    const named = `describe.each(['Node ${installed}', 'Node ${npmPackage}'])`;
    expect(read('scripts/e2e/installed.test.ts')).toContain(named);
    expect(read('CONTRIBUTING.md')).toContain(`on Node ${npmPackage} and ${installed}`);
  });
});

test.each([
  'action.yml',
  'ci/github-actions.yml',
  'ci/gitlab-ci.yml',
  'ci/gitlab-template.yml',
  'compose.yaml',
  'Dockerfile',
  'scripts/stack/images.ts',
  'scripts/cli/init/workflow-text.ts',
])('%s uses the installed version', (file) => {
  const named = [...read(file).matchAll(/node-version: (\d+)|node:(\d+)-/g)].map(
    ([, one, other]) => one ?? other,
  );
  expect(new Set(named)).toEqual(new Set([installed]));
});
