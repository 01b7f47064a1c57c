import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeResult, runCommand } from './command.ts';
import { isGone, makeWorld } from './test-support.ts';

const env = process.env;

it('keeps both output streams and the exit code', async () => {
  const result = await runCommand('sh', ['-c', 'echo out; echo err >&2; exit 7'], { env, limitMs: 20_000 });
  expect(result).toMatchObject({ kind: 'exited', exitCode: 7 });
  expect(describeResult(result)).toMatch(/^exited with code 7:\n/);
  expect(describeResult(result).split('\n').slice(1).sort()).toEqual(['err', 'out']);
});

it('reports a missing program', async () => {
  const result = await runCommand('/nowhere/at all', [], { env, limitMs: 20_000 });
  expect(result).toMatchObject({ kind: 'not-started', reason: expect.stringContaining('/nowhere/at all') });
});

it('kills a program that exceeds its time limit, and reports its output', async () => {
  const result = await runCommand('sh', ['-c', 'echo working; sleep 600'], { env, limitMs: 300 });
  expect(result).toEqual({ kind: 'killed', reason: 'ran longer than 0.3 s', output: 'working\n' });
});

it('kills the program’s children on abort, even if they ignore SIGTERM', async () => {
  await using world = await makeWorld({ go: false });
  const file = join(world.folder, 'child');
  const script = `sh -c 'trap "" TERM; echo $$ > "$0"; echo ready; while :; do sleep 1; done' "${file}" & wait`;
  const controller = new AbortController();
  const running = runCommand('sh', ['-c', script], { env, limitMs: 20_000, signal: controller.signal });
  const childId = Number(await contentOf(file));
  controller.abort(new Error('interrupted'));
  await expect(running).rejects.toThrow('interrupted');
  expect(await isGone(childId)).toBe(true);
});

async function contentOf(path: string): Promise<string> {
  for (let left = 200; left > 0; left -= 1) {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text.endsWith('\n')) return text;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${path} was not written`);
}
