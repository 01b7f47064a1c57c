import { spawn } from 'node:child_process';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testing/sla.ts';
import { followFile } from './follow-file.ts';
import type { Kubectl } from './kubectl.ts';

/** Runs the command of `kubectl exec` on this machine. Each connection breaks after the next number of bytes. */
function here(limits: number[]): Kubectl {
  return {
    run: () => Promise.reject(new Error('not used')),
    follow: (args) => {
      const limit = limits.shift();
      const command = limit === undefined ? 'exec "$@"' : `"$@" | head -c ${limit}`;
      return spawn('sh', ['-c', command, 'sh', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    },
  };
}

test('a file is read once and completely, although the connection breaks twice', {
  timeout: 30_000,
}, async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'samples.csv');
  const lines = Array.from({ length: 5_000 }, (_, at) => `http_reqs,${at}\n`).join('');
  await writeFile(file, lines);
  const chunks: Buffer[] = [];
  using followed = followFile(here([10_001, 20_003]), [], file, (chunk) => void chunks.push(chunk));
  expect(await followed.until(lines.length, 20_000)).toBe(true);
  await appendFile(file, 'late,1\n');
  expect(await followed.until(lines.length + 7, 20_000)).toBe(true);
  expect(Buffer.concat(chunks).toString()).toBe(`${lines}late,1\n`);
});

test('waiting for bytes that never arrive ends at the time limit', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'samples.csv');
  await writeFile(file, 'some\n');
  using followed = followFile(here([]), [], file, () => {});
  expect(await followed.until(6, 300)).toBe(false);
  expect(followed.received).toBe(5);
});
