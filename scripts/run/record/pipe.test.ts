import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testing/sla.ts';
import { openPipe } from './pipe.ts';

test('everything that a program writes is read, even if the reader pauses', async () => {
  await using folder = await temporaryFolder();
  let bytes = 0;
  await using pipe = await openPipe(join(folder.path, 'samples'), (chunk) => {
    bytes += chunk.length;
  });
  // More than a pipe can buffer.
  const writer = spawn('sh', ['-c', `head -c 3000000 /dev/zero > "$0"`, pipe.path]);
  await once(writer, 'exit');
  await pipe.close();
  expect(bytes).toBe(3_000_000);
});

test('a program that never opens the pipe does not block the reader', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'samples');
  const found: Buffer[] = [];
  {
    await using pipe = await openPipe(path, (chunk) => found.push(chunk));
    await pipe.close();
  }
  expect(found).toEqual([]);
  expect(existsSync(path)).toBe(false);
});

test('a folder in which no pipe can be created is reported', async () => {
  await expect(openPipe('/proc/samples', () => {})).rejects.toMatchObject({ code: 'no-pipe' });
});
