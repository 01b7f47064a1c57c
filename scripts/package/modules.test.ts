import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/sla.ts';
import { neededBy } from './modules.ts';

test('all forms of imports are followed, and no other text is mistaken for an import', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'a'));
  const program = `#!/usr/bin/env node
import { join } from 'node:path';
import yaml, { parse } from 'yaml';
import {
  one,
  two,
} from './a/one.js';
export * from '@scope/name/part';
import './a/alone.js';
// import '../comment.js'
await import('./a/later.js');
await import('./left.js');
program.command('import').description('from one to the other').option('--x', 'y');
const text = "import { expect } from './a/quoted.js';";
`;
  await writeFile(join(folder.path, 'main.js'), program);
  for (const name of ['one', 'alone', 'later', 'quoted'])
    await writeFile(join(folder.path, 'a', `${name}.js`), '');
  await writeFile(join(folder.path, 'left.js'), "import 'huge';");
  const { files, packages } = neededBy(folder.path, ['main.js'], '.js', ['left.js']);
  expect([...files].toSorted()).toEqual(['a/alone.js', 'a/later.js', 'a/one.js', 'main.js']);
  expect([...packages].toSorted()).toEqual(['@scope/name', 'yaml']);
});
