import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from '../../slas/document.ts';
import { SHIPPED_DOCUMENT } from '../inputs.ts';
import { ROOT, slaHere } from '../testing/sla.ts';
import { MATRIX } from './matrix.ts';
import { recordingOf, rejudge, verdictOf } from './recorded.ts';

/** What real rows left behind, judged by today's code: `./sla selftest --quick`. */

const judgedRows = MATRIX.filter(({ expected }) => expected.exitCode !== 4);
const shipped = parseDocument(readFileSync(join(ROOT, SHIPPED_DOCUMENT), 'utf8'));
if (!shipped.ok) throw new Error('the shipped document does not parse');
const limits = shipped.document.objectives.map(({ id, target }) => [id, target]);

describe('what was recorded', () => {
  test.each(judgedRows)('$name: $fault', async (row) => {
    expect(await rejudge(row)).toMatchObject({ isAsExpected: true, note: null });
    const recording = (await recordingOf(row))!;
    // Recorded under other limits it would say nothing of today's: record it again.
    expect(recording.plan.objectives.map(({ id, target }) => [id, target])).toEqual(limits);
    // A stricter rule may find a healthy run too short, and never a broken one good.
    if (row.expected.exitCode !== 0) expect(verdictOf(recording, 0.95).verdict).not.toBe('pass');
    expect(JSON.stringify(recording)).not.toMatch(/\/(home|root|tmp|Users)\//);
  });

  test('is small, and of rows that there are', () => {
    const folder = join(import.meta.dirname, 'recorded');
    const files = readdirSync(folder);
    const known = judgedRows.map(({ name }) => `${name.replaceAll('%', '')}.json.br`);
    expect(files.filter((file) => !known.includes(file))).toEqual([]);
    const bytes = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
    expect(bytes).toBeLessThan(1_000_000);
  });
});

test('the command tells it as a table, and exits by it', async () => {
  const { code, stdout } = await slaHere(['selftest', '--quick', '--only', 'errors-']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^✓ +errors-1\.2% .* fail: error-rate +fail +error-rate +1 /m);
  expect(stdout).toContain('rows came out as expected');
});

test('rows that there are not, and options that do not go together, are refused', async () => {
  const unknown = await slaHere(['selftest', '--only', 'gremlins']);
  expect(unknown.stderr).toMatch(/no row is named "gremlins": there are healthy, /);
  expect(unknown.code).toBe(2);
  expect((await slaHere(['selftest', '--quick', '--against-k6'])).code).toBe(2);
});
