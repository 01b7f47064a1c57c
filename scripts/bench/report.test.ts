import { expect, test } from 'vitest';
import { candidateNames } from './candidates.ts';
import { median } from './figures.ts';
import { clientCounts, keyOf, lengths, type Sample } from './measure.ts';
import { type OverloadStep, ofPeak } from './overload.ts';
import { renderReport } from './render.ts';
import { type Measured, toReport } from './report.ts';

const sample = (answeredPerSecond: number): Sample => ({
  answeredPerSecond,
  p50Ms: 1,
  p99Ms: 2,
  textsPerCpuSecond: 1,
  mainThreadMs: 1,
  bad: 0,
});

/** The results of a bench in which every server responded to this many requests per second, in rounds of 3 s. */
function measuredAt(answeredPerSecond: number): Measured {
  const samples = [sample(answeredPerSecond)];
  const names = candidateNames.flatMap((name) => clientCounts.map((clients) => keyOf(name, clients)));
  const byLength = candidateNames.flatMap((name) =>
    lengths.map(([from, to]) => keyOf(name, `${from}-${to}`)),
  );
  const figures = {
    offeredPerSecond: 1,
    answeredPerSecond: 1,
    answeredPerSecondByRound: [1],
    answered: 1,
    refused: 1,
    failed: 0,
  };
  return {
    loadBefore: 0,
    generator: 'wrk',
    rounds: 1,
    seconds: 3,
    texts: 1,
    series: new Map(names.map((key) => [key, samples])),
    withMetrics: new Map(names.map((key) => [key, samples])),
    limits: [
      { variant: { sessions: 1, threads: 1, batch: 1 }, samples: [{ perSecond: 1, perCpuSecond: 1 }] },
    ],
    byLength: new Map(byLength.map((key) => [key, samples])),
    scrapesMs: [1],
    overload: [
      { ...figures, answeredP50Ms: 1, answeredP95Ms: 1, answeredP99Ms: 1, refusedP99Ms: 1, lateP99Ms: 1 },
    ],
    deadlineMs: 5000,
  };
}

const p99 = 'p99 at 64 clients, relative to the conventional server';

test('with few responses per client no p99 is reported, because it would cover only the fast ones', () => {
  const report = toReport(measuredAt(20), new Date(0));
  const target = report.targets.find(({ what }) => what === p99)!;
  expect([target.measured, target.met]).toEqual([Number.NaN, false]);
  expect(report.notes).toEqual([expect.stringContaining('received 0.9 responses each in a round of 3 s')]);
  expect(report.notes[0]).toContain('--seconds 16');
  expect(renderReport(report)).toContain(`| ${p99} | ≤ 0.25 | – |  | **not measured** |`);
});

test('with enough responses per client the p99 is reported', () => {
  const report = toReport(measuredAt(107), new Date(0));
  expect(report.targets.find(({ what }) => what === p99)?.measured).toBe(1);
  expect(report.notes).toEqual([]);
});

test('a value whose confidence interval contains the limit is marked', () => {
  const measured = measuredAt(107);
  const rounds = (values: readonly number[]) => values.map(sample);
  const withMetrics = new Map([
    [keyOf('ours', 64), rounds([95, 96, 99, 101, 102])],
    [keyOf('no-metrics', 64), rounds([100, 100, 100, 100, 100])],
  ]);
  const report = toReport({ ...measured, withMetrics }, new Date(0));
  const cost = report.targets.find(({ what }) => what === 'throughput with metrics, relative to without')!;
  expect(cost).toMatchObject({ measured: 0.99, between: [0.95, 1.02], met: true, isWithinNoise: true });
  expect(renderReport(report)).toContain('| ≥ 0.97 | 0.990 | 0.95 to 1.02 | met, within noise |');
});

test('throughput above capacity is compared with the best step, round by round', () => {
  const [step] = measuredAt(107).overload;
  const at = (answeredPerSecondByRound: readonly number[]): OverloadStep => ({
    ...step!,
    answeredPerSecond: median(answeredPerSecondByRound),
    answeredPerSecondByRound,
  });
  // In the second round the machine was slow, which affected both.
  expect(ofPeak([at([50, 30, 60]), at([100, 40, 110]), at([90, 38, 99])])).toEqual([0.9, 0.95, 0.9]);
});
