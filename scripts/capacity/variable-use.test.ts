import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { slaHere, temporaryFolder } from '../testing/sla.ts';
import { checkVariable } from './variable-use.ts';

/** `--by NAME=…` is refused if nothing reads the variable. */

async function problemWith(
  name: string,
  texts: Readonly<Record<string, string>>,
  service: string | null = null,
): Promise<string | null> {
  await using folder = await temporaryFolder();
  for (const [file, text] of Object.entries(texts)) {
    await mkdir(join(folder.path, file, '..'), { recursive: true });
    await writeFile(join(folder.path, file), text);
  }
  const readers = {
    script: join(folder.path, 'test.js'),
    service: service === null ? null : join(folder.path, service),
  };
  const found = await checkVariable({ name, value: '1' }, readers, 'test.js');
  return found.ok ? null : found.error[0]!.message;
}

test('a variable that the script or a file that it imports reads is accepted', async () => {
  expect(await problemWith('SIZE', { 'test.js': 'const size = __ENV.SIZE;' })).toBeNull();
  const importing = { 'test.js': "import { size } from './lib/size.js';", 'lib/size.js': '__ENV.SIZE' };
  expect(await problemWith('SIZE', importing)).toBeNull();
  const cyclic = {
    'test.js': "export * from './a.js';",
    'a.js': "import './test.js'; import('./b.js');",
    'b.js': 'const { SIZE } = __ENV;',
  };
  expect(await problemWith('SIZE', cyclic)).toBeNull();
});

test('a variable that nothing reads is refused, because every search would measure the same load', async () => {
  const script = { 'test.js': "import http from 'k6/http'; __ENV.BATCH_SIZE; __ENV['SIZES'];" };
  expect(await problemWith('SIZE', script)).toContain(
    '"SIZE" does not occur in test.js or in the files that it imports, so every search would measure the same load',
  );
  // Only the script knows the name that it computes.
  expect(await problemWith('SIZE', { 'test.js': '__ENV[name]' })).toBeNull();
});

test('a service that the harness starts may read the variable instead of the script', async () => {
  const files = { 'test.js': '', 'service/config.ts': "read.whole('SIZE')", 'service/a.test.ts': 'OTHER' };
  expect(await problemWith('SIZE', files, 'service')).toBeNull();
  expect(await problemWith('SIZE', files)).toContain('"SIZE" does not occur in test.js');
  expect(await problemWith('OTHER', files, 'service')).toContain('and the service does not read it');
  expect(await problemWith('OMP_NUM_THREADS', files, 'service')).toBeNull();
});

test.each([
  [['--by', 'TYPO=1,8'], '--by: "TYPO" does not occur in loadtests/'],
  [
    ['--by', 'SERVICE_WORKERS=1,2', '--target', 'http://127.0.0.1:1', '--prometheus', 'http://127.0.0.1:2'],
    '--workers: the number of workers can be set only for a service that the harness starts',
  ],
  [['--by', 'SERVICE_WORKERS=0,abc'], '"0,abc" is not a list of worker counts'],
])('%j is refused before anything is sent', async (args, message) => {
  const { code, stderr } = await slaHere(['capacity', ...args]);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
});
