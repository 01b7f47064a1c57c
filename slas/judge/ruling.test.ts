import { describe, expect, test } from 'vitest';
import type { PlannedObjective } from '../model/model.ts';
import { inWords, reason } from '../model/reasons.ts';
import { wordsOf } from '../render/reasons/words.ts';
import type { Certainty } from './certainty.ts';
import { type Observed, rule } from './ruling.ts';

/** How intervals change the observed decision, with the exact words. */

const limit = (text: string, value: number) => ({ text, comparison: '<' as const, value });
const latency: PlannedObjective = {
  id: 'latency-p95',
  title: 'latency-p95',
  unit: 'seconds',
  measure: { kind: 'latency', buckets: 'h_bucket', percentile: 95, clientPath: null },
  target: limit('< 200ms', 0.2),
  alert: null,
  leastSamples: 59,
};
const mean: PlannedObjective = {
  ...latency,
  id: 'confidence',
  unit: 'ratio',
  measure: { kind: 'mean', sum: 'm_sum', count: 'm_count' },
  target: limit('< 0.85', 0.85),
};
const certainty = (changes: Partial<Certainty> = {}): Certainty => ({
  interval: { low: 0.94, high: 0.96, confidence: 0.95 },
  margin: 0,
  side: 'both',
  detectable: 0.06,
  overSeconds: 0.2,
  needed: { more80: 3351, moreIfNoneBad: 193 },
  pOfMiss: 0.5,
  independenceAssumed: false,
  blocks: 60,
  samples: 1500,
  isFar: false,
  ...changes,
});
const one = (changes: Partial<Observed> = {}, sure: Partial<Certainty> = {}): Observed => ({
  objective: latency,
  decision: { verdict: 'met', severity: null, reasons: [inWords('seen')], isWhole: true },
  certainty: certainty(sure),
  steadiness: null,
  isClient: false,
  ...changes,
});
const missed = { verdict: 'missed', severity: 'target', reasons: [inWords('seen')], isWhole: true } as const;
const cutShort = { verdict: 'missed', severity: 'target', reasons: [inWords('beyond doubt')] } as const;
const wordsFor = (observed: Observed, confidence: number | null) =>
  wordsOf(rule([observed], confidence)[0]!.reasons);
const verdicts = (all: readonly Observed[]) => rule(all, 0.95).map(({ verdict }) => verdict);

describe('the observed value decides, and the interval is reported', () => {
  test.each<[string, Observed, string]>([
    [
      'an interval that contains the limit, and the minimum detectable effect',
      one(),
      'seen; exactly at the limit: the 95% bounds are 94–96%; minimum detectable effect: 6% of requests over 200 ms',
    ],
    [
      'the minimum detectable effect',
      one({}, { side: 'good' }),
      'seen; minimum detectable effect: 6% of requests over 200 ms',
    ],
    [
      'failed requests instead of slow ones, for other measures than latency',
      one({ objective: mean }, { side: 'good', overSeconds: null }),
      'seen; minimum detectable effect: 6% of requests failing',
    ],
    ['nothing, without a minimum detectable effect', one({}, { side: 'good', detectable: null }), 'seen'],
    ['no minimum detectable effect, for a miss', one({ decision: missed }, { side: 'bad' }), 'seen'],
    [
      'no minimum detectable effect, if judged client-side',
      one({ isClient: true }),
      'seen; exactly at the limit: the 95% bounds are 94–96%',
    ],
    [
      'the assumption of independence',
      one({ decision: missed }, { side: 'bad', independenceAssumed: true }),
      'seen; requests are assumed to be independent',
    ],
    [
      'why there is no interval',
      one({}, { side: null, interval: null, blocks: 11 }),
      'seen; no confidence interval: the run has 11 scrape intervals, and at least 12 are needed',
    ],
    [
      'no second note on a missing interval, if judged client-side',
      one({ isClient: true }, { side: null, interval: null, blocks: 11 }),
      'seen',
    ],
    ['nothing, for a value without random error', one({ certainty: null }), 'seen'],
    ['nothing, for a decision without a complete measurement', one({ decision: cutShort }), 'beyond doubt'],
  ])('%s', (_, observed, expected) => {
    expect(wordsFor(observed, null)).toBe(expected);
    expect(rule([observed], null)[0]).toMatchObject({ verdict: observed.decision.verdict });
  });
});

describe('a confidence decides', () => {
  const NOT_SURE = 'undecided at 95% confidence: the 95% bounds are 94–96%, with the limit between them;';
  test.each<[string, Observed, string]>([
    ['met', one({}, { side: 'good' }), 'seen; the 95% bounds are 94–96%'],
    ['met, judged client-side', one({ isClient: true }, { side: 'good' }), 'seen; the 95% bounds are 94–96%'],
    ['missed', one({ decision: missed }, { side: 'bad', pOfMiss: 0.01 }), 'seen; the 95% bounds are 94–96%'],
    [
      'undecided, and how many more would decide',
      one(),
      `${NOT_SURE} about 3,351 more requests would decide it with 80% probability if the value stays the same; 193 more would be enough if none of them is slow or fails (measured: seen)`,
    ],
    [
      'undecided, and how many more observations of a mean',
      one({ objective: mean }, { needed: { more80: 40, moreIfNoneBad: null } }),
      'undecided at 95% confidence: the 95% bounds are 0.94–0.96, with the limit between them; about 40 more observations would decide it with 80% probability if the value stays the same (measured: seen)',
    ],
    [
      'undecided, and more than a day of requests',
      one({}, { needed: { more80: null, moreIfNoneBad: null } }),
      `${NOT_SURE} even a day of this load would not be enough if the value stays the same (measured: seen)`,
    ],
    [
      'undecided, and how many more would be enough if all are good',
      one({}, { needed: { more80: null, moreIfNoneBad: 316 } }),
      `${NOT_SURE} even a day of this load would not be enough if the value stays the same; 316 more would be enough if none of them is slow or fails (measured: seen)`,
    ],
    [
      'undecided without an interval',
      one({}, { side: null, interval: null, pOfMiss: null, blocks: 11 }),
      'undecided at 95% confidence: no confidence interval: the run has 11 scrape intervals, and at least 12 are needed (measured: seen)',
    ],
    [
      'undecided where independence is assumed',
      one({}, { side: 'good', independenceAssumed: true }),
      'undecided at 95% confidence: requests are assumed to be independent (measured: seen)',
    ],
    ['unchanged, for a value without random error', one({ certainty: null }), 'seen'],
    ['unchanged, for a decision without a complete measurement', one({ decision: cutShort }), 'beyond doubt'],
  ])('%s', (name, observed, expected) => {
    const [decision] = rule([observed], 0.95);
    expect(wordsOf(decision!.reasons)).toBe(expected);
    if (name.startsWith('undecided'))
      expect(decision).toMatchObject({ verdict: 'undecided', severity: null, isWhole: true });
    else
      expect(decision).toMatchObject({
        verdict: observed.decision.verdict,
        severity: observed.decision.severity,
      });
  });

  test('a miss among several needs a smaller error probability', () => {
    const miss = (p: number) => one({ decision: missed }, { side: 'bad', pOfMiss: p });
    expect(verdicts([miss(0.03)])).toEqual(['missed']);
    expect(verdicts([miss(0.03), one()])).toEqual(['undecided', 'undecided']);
    expect(verdicts([miss(0.02), one({}, { side: 'good', pOfMiss: 1 })])).toEqual(['missed', 'met']);
    expect(wordsOf(rule([miss(0.03), one()], 0.95)[0]!.reasons)).toBe(
      "undecided at 95% confidence: beyond the limit when tested alone, but among 2 objectives one may exceed its limit by chance (Holm's correction) (measured: seen)",
    );
  });

  test('the number of tests includes only objectives that an interval decides', () => {
    const miss = one({ decision: missed }, { side: 'bad', pOfMiss: 0.03 });
    const others = [
      one({ decision: cutShort }, { side: 'bad', pOfMiss: 0.2 }),
      one({ certainty: null }),
      one({}, { side: null, interval: null, pOfMiss: null }),
    ];
    expect(verdicts([miss, ...others])).toEqual(['missed', 'missed', 'met', 'undecided']);
  });
});

describe('a level that was not held', () => {
  const good = { side: 'good', detectable: null } as const;
  const bad = { side: 'bad', detectable: null, pOfMiss: 0.001 } as const;

  test('is reported with the observed value, and undecided if it grows beyond the limit', () => {
    const told = (
      steadiness: Observed['steadiness'],
      decision: Observed['decision'],
      sure: Partial<Certainty>,
    ) => rule([one({ steadiness, decision }, sure)], null)[0];
    const met = one().decision;
    expect(told('not-steady', met, good)).toMatchObject({
      verdict: 'met',
      reasons: [inWords('seen'), reason('not-steady', {})],
    });
    expect(told('growing', met, good)).toEqual({
      verdict: 'undecided',
      severity: null,
      isWhole: true,
      reasons: [reason('growing-seen', { seen: [inWords('seen')] })],
    });
    expect(told('growing', missed, bad)).toMatchObject({
      verdict: 'missed',
      reasons: [inWords('seen'), reason('growing', {})],
    });
    expect(told('steady', met, good)).toMatchObject({ verdict: 'met', reasons: [inWords('seen')] });
  });

  test('can prove that a limit was missed, but not that it will be met', () => {
    const sure = (steadiness: Observed['steadiness'], isMet: boolean) =>
      rule([one({ steadiness, ...(isMet ? {} : { decision: missed }) }, isMet ? good : bad)], 0.95)[0];
    expect(sure('not-steady', true)).toMatchObject({
      verdict: 'undecided',
      reasons: [
        reason('not-sure', {
          confidence: 0.95,
          because: [reason('not-steady', {})],
          seen: [inWords('seen')],
        }),
      ],
    });
    expect(sure('growing', false)).toMatchObject({
      verdict: 'missed',
      reasons: [{ code: 'words' }, { code: 'bounds' }, { code: 'growing' }],
    });
    expect(sure('steady', true)).toMatchObject({ verdict: 'met' });
  });
});
