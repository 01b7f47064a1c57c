import { expect, test } from 'vitest';
import type { Aggregate, Evidence, Reading } from '../model/model.ts';
import { healthy } from '../testing/cases.ts';
import { judgeInWords } from '../testing/judge-in-words.ts';

/**
 * A long window for which the server does not report everything that is needed. cases/downsampled.yaml has
 * the complete ones.
 */

const { plan, run, evidence } = healthy({ blocks: 3 });
const confidence = plan.objectives.find(({ id }) => id === 'confidence')!;
const { count } = confidence.measure as { count: string };

const without = (digest: Aggregate, selector: string, isLeft: (reading: Reading) => boolean): Evidence => ({
  ...evidence,
  readings: evidence.readings.flatMap((one) => {
    if (one.digest !== digest || one.selector !== selector) return [one];
    return isLeft(one) ? [{ ...one, series: one.series.slice(1) }] : [];
  }),
});
const judged = (corrupted: Evidence) => {
  const { verdict, objectives } = judgeInWords(plan, run, corrupted);
  const { verdict: outcome, reason } = objectives.find(({ id }) => id === 'confidence')!;
  return { verdict, outcome, reason };
};

test('a window passes if the server reports everything', () => {
  expect(judged(evidence)).toMatchObject({ verdict: 'pass', outcome: 'met' });
});

test.each(['resets', 'sum'] as const)('a counter is not trusted if %s is not reported', (digest) => {
  const { verdict, outcome, reason } = judged(without(digest, count, () => true));
  expect([verdict, outcome]).toEqual(['inconclusive', 'undecided']);
  expect(reason).toMatch(/^Prometheus does not report whether series \{.*\} fell within the window$/);
});

test.each(['resets', 'sum', 'last'] as const)('counters are not trusted if %s was not queried', (digest) => {
  const { verdict, outcome, reason } = judged(without(digest, count, () => false));
  expect([verdict, outcome]).toEqual(['inconclusive', 'undecided']);
  expect(reason).toContain(`there is no evidence of ${digest} for sentiment_prediction_confidence_count`);
});

test("a gauge's aggregate is not taken for its samples if nothing else is left", () => {
  const { gauge } = plan.objectives.find(({ id }) => id === 'model-uptime')!.measure as { gauge: string };
  const readings = evidence.readings.filter(({ selector, digest }) => selector !== gauge || digest === 'sum');
  const { verdict, objectives } = judgeInWords(plan, run, { ...evidence, readings });
  const { verdict: outcome, reason } = objectives.find(({ id }) => id === 'model-uptime')!;
  expect([verdict, outcome]).toEqual(['inconclusive', 'undecided']);
  expect(reason).toContain(`there is no evidence of count for ${gauge}`);
});

test.each([3, 4, 5, 6])('a missing scrape is reported, anywhere in %d blocks', (blocks) => {
  for (let at = 15; at <= 65; at += 5) {
    const gone = `always 1; ${at}=_`;
    const given = healthy({ blocks, series: { up: gone, 'model loaded': gone } });
    const { verdict, objectives } = judgeInWords(given.plan, given.run, given.evidence);
    expect(verdict, `missing at ${at} s`).toBe('inconclusive');
    expect(objectives.find(({ id }) => id === 'model-uptime')!.reason).toContain(
      'at 12 of 13 scrapes (one scrape is 7.7 percentage points); 1 unknown',
    );
  }
});
