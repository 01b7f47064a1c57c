import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sla, slaHere, temporaryFolder } from '../testing/sla.ts';
import { notRun, resultOf } from './result.ts';
import type { Row } from './row.ts';
import { exitCodeOf, summary } from './table.ts';

/** A row that was not run proves nothing: it is neither a success nor a failure. */

const rowOf = (name: string): Row => ({ name, fault: 'x', expected: { exitCode: 0 } });
const came = (name: string, exitCode: number) =>
  resultOf(rowOf(name), { exitCode, verdict: null, errorCode: null }, 7);
const skipped = (name: string) => notRun(rowOf(name), 'skipped', 'it cannot be mounted', 0);
const good = { ...came('good', 4), isAsExpected: true };
const otherwise = { ...came('odd', 1), note: 'the machine was busy' };

describe('skipped rows', () => {
  test('are counted separately, and each reason is printed once', () => {
    expect(summary([good, skipped('a'), good, skipped('b')])).toBe(
      '2 of 4 rows came out as expected, 2 skipped: a, b (it cannot be mounted) (14 s)',
    );
    expect(summary([good])).toBe('1 of 1 row came out as expected (7 s)');
    expect(summary([good, otherwise, skipped('a')])).toBe(
      'odd: the machine was busy\n1 of 3 rows came out as expected, 1 otherwise: odd, 1 skipped: a (it cannot be mounted) (14 s)',
    );
  });

  test.each([
    [[good, good], 0, 0],
    [[good, skipped('a')], 3, 0],
    [[skipped('a')], 3, 0],
    [[good, otherwise, skipped('a')], 1, 1],
  ])('exit with a separate code, unless skipping was allowed', (results, code, allowed) => {
    expect(exitCodeOf(results, false)).toBe(code);
    expect(exitCodeOf(results, true)).toBe(allowed);
  });
});

test('if no disk can be mounted, the command says so and does not exit 0, unless that was allowed', async () => {
  await using folder = await temporaryFolder();
  const unshare = join(folder.path, 'unshare');
  await writeFile(unshare, '#!/bin/sh\nexit 1\n');
  await chmod(unshare, 0o755);
  const env = { PATH: [folder.path, process.env.PATH].join(delimiter) };
  const row = ['selftest', '--only', 'disk-full'];
  const [refused, allowed] = await Promise.all([
    sla(row, { env }),
    sla([...row, '--allow-skipped'], { env }),
  ]);
  const told = '0 of 1 row came out as expected, 1 skipped: disk-full (a small disk cannot be mounted here';
  expect(refused.stdout).toContain(told);
  expect(refused.stderr).toContain('1/1 – disk-full: skipped');
  expect(refused.code).toBe(3);
  expect(allowed.stdout).toContain(told);
  expect(allowed.code).toBe(0);
});

test('judging recordings again lists the rows that it leaves out, as requested', async () => {
  const { code, stdout } = await slaHere(['selftest', '--quick', '--only', 'healthy', 'disk-full']);
  expect(stdout).toContain('1 of 2 rows came out as expected, 1 skipped: disk-full (nothing is judged in it');
  expect(code).toBe(0);
});
