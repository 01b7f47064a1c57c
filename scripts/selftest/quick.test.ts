import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan, Sample, Series } from '../../slas/model/model.ts';
import { storedProblems } from '../../slas/render/stored/stored-problems.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { ROOT, slaHere } from '../testing/sla.ts';
import { deriveDocument } from './document.ts';
import { MATRIX } from './matrix.ts';
import { planOf } from './plain-k6.ts';
import { recordingOf, rejudge, storedRecordingOf, verdictOf } from './recorded.ts';

/** Recordings of real rows, judged by the current code: `./sla selftest --quick`. */

const judgedRows = MATRIX.filter(
  ({ expected, unrecorded }) => expected.exitCode !== 4 && unrecorded === undefined,
);

const limitsOf = ({ objectives }: Plan) => objectives.map(({ id, target }) => [id, target]);
const shipped = readFileSync(join(ROOT, SHIPPED_DOCUMENT), 'utf8');
const today = limitsOf(planOf(deriveDocument(shipped).document));

describe('recordings', () => {
  test.each(judgedRows)('$name: $fault', async (row) => {
    expect(await rejudge(row)).toMatchObject({ isAsExpected: true, note: null });
    const recording = (await recordingOf(row))!;
    // Recordings made by earlier versions must remain readable.
    expect(storedProblems('plan', recording.plan)).toEqual([]);
    const stored = (await storedRecordingOf(row))!;
    expect(storedProblems('run', stored.run)).toEqual([]);
    expect(storedProblems('evidence', recording.evidence)).toEqual([]);
    // A recording under other limits cannot be compared with the current ones, so the row must be recorded
    // again.
    expect(limitsOf(recording.plan)).toEqual(today);
    // A stricter rule may find a healthy run too short, but must never pass a faulty run.
    if (row.expected.exitCode !== 0) expect(verdictOf(recording, 0.95).verdict).not.toBe('pass');
    expect(JSON.stringify(stored)).not.toMatch(/\/(home|root|tmp|Users)\//);
  });

  test('are small and belong to existing rows', () => {
    const folder = join(import.meta.dirname, 'recorded');
    const files = readdirSync(folder);
    const known = judgedRows.map(({ name }) => `${name.replaceAll('%', '')}.json.br`);
    expect(files.filter((file) => !known.includes(file))).toEqual([]);
    const bytes = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
    expect(bytes).toBeLessThan(1_000_000);
  });

  test('a row that is not recorded yet is skipped with its reason; any other is an error', async () => {
    const row = { name: 'new', fault: 'x', expected: { exitCode: 0 } } as const;
    expect(await rejudge(row)).toMatchObject({ outcome: 'blew up', isAsExpected: false });
    expect(await rejudge({ ...row, unrecorded: 'its load is new' })).toMatchObject({
      outcome: 'skipped',
      note: 'its load is new: run ./sla selftest --record',
    });
  });
});

describe('the healthy run with one series corrupted', () => {
  const half = ({ samples }: Series) => Math.floor(samples.length / 2);
  const damages: Record<string, (series: Series) => readonly Series[]> = {
    'is missing': () => [],
    'ends in the middle': (series) => [{ ...series, samples: series.samples.slice(0, half(series)) }],
    'is NaN once': (series) => [{ ...series, samples: series.samples.with(half(series), nan(series)) }],
    'restarts from 0 in the middle': (series) => [{ ...series, samples: restarted(series) }],
  };
  const nan = (series: Series): Sample => [series.samples[half(series)]![0], 'NaN'];
  const restarted = (series: Series) =>
    series.samples.map(([at, value], index): Sample => {
      const before = index < half(series) ? '0' : series.samples[half(series)]![1];
      return [at, String(Number(value) - Number(before))];
    });

  /**
   * No objective uses these series: other bucket edges, explanatory metrics, and series that were empty during the whole run.
   */
  function decidesNothing({ labels, samples }: Series): boolean {
    const { __name__: name = '', le } = labels;
    if (/^(up|process_start_time_seconds|process_cpu_|nodejs_)/.test(name)) return true;
    if (/^http_/.test(name) && samples.every(([, value]) => value === '0')) return true;
    return le !== undefined && !['0.2', '0.5', '+Inf'].includes(le);
  }

  test.each(Object.entries(damages))('does not pass if a deciding series %s', async (name, damage) => {
    const recording = (await recordingOf(MATRIX[0]!))!;
    const { readings } = recording.evidence;
    const all = new Map(
      readings.flatMap(({ series }) => series).map((series) => [JSON.stringify(series.labels), series]),
    );
    // Without an edge at the limit, the edges on both sides of it decide.
    const isEdgeGone = ({ labels: { le = '+Inf' } }: Series) => name === 'is missing' && le !== '+Inf';
    const deciding = [...all]
      .filter(([, series]) => !decidesNothing(series) && !isEdgeGone(series))
      .map(([key]) => key);
    expect(deciding.length).toBeGreaterThan(6);
    const corrupt = (key: string) => (series: Series) =>
      JSON.stringify(series.labels) === key ? damage(series) : [series];
    const passing = deciding.filter((key) => {
      const corrupted = readings.map((reading) => ({
        ...reading,
        series: reading.series.flatMap(corrupt(key)),
      }));
      const evidence = { ...recording.evidence, readings: corrupted };
      return verdictOf({ ...recording, evidence }).verdict === 'pass';
    });
    expect(passing).toEqual([]);
  });
});

test('the command prints the results as a table, and sets its exit code', async () => {
  const { code, stdout } = await slaHere(['selftest', '--quick', '--only', 'errors-']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^✓ +errors-1\.2% .* fail: error-rate +fail +error-rate +1 /m);
  expect(stdout).toContain('rows came out as expected');
});

test('unknown rows, and options that exclude each other, are rejected', async () => {
  const unknown = await slaHere(['selftest', '--only', 'gremlins']);
  expect(unknown.stderr).toMatch(/no row is named "gremlins": the rows are healthy, /);
  expect(unknown.code).toBe(2);
  expect((await slaHere(['selftest', '--quick', '--against-k6'])).code).toBe(2);
  expect((await slaHere(['selftest', '--times', '0'])).stderr).toContain('"0" is not a whole number from 1');
});
