import { describe, expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import { normal, seeded } from '../simulation/queues.ts';
import { meanBounds } from '../statistics/intervals.ts';
import { healthy } from '../testing/cases.ts';
import { type EarlierNumber, numbersOf, numberTimes } from './number-times.ts';

const MAX_SECONDS = 600;
const PER_SECOND = 20;

/** The plan of the healthy case as a run of at most 600 s. */
function untilDecided() {
  const { plan } = healthy();
  const looks = [20, 30, 45, 68, 101, 152, 228, 342].map((atSeconds) => ({ atSeconds, confidence: 0.999 }));
  const sequential = {
    maxSeconds: MAX_SECONDS,
    atLeastSeconds: 150,
    looks: [...looks, { atSeconds: MAX_SECONDS, confidence: 0.951 }],
  };
  const load = { ...plan.load!, plannedRequests: PER_SECOND * MAX_SECONDS, scheduledSeconds: MAX_SECONDS };
  return { plan: { ...plan, sequential, load }, load };
}

const timeOf = (id: string, earlier: Record<string, EarlierNumber> = {}) => {
  const { plan, load } = untilDecided();
  return numberTimes(plan, load, new Map(Object.entries(earlier))).find((one) => one.id === id);
};

describe('how long means, rates and uptimes take to be decided', () => {
  test('an uptime never delays the decision, and shares are not listed', () => {
    expect(timeOf('model-uptime')).toEqual({ id: 'model-uptime', is: 'census' });
    expect(timeOf('latency-p95')).toBeUndefined();
  });

  test('the decision time of a mean is unknown if no earlier run measured the mean', () => {
    expect(timeOf('confidence')).toEqual({ id: 'confidence', is: 'unknown' });
  });

  test('at the stated look, but not at the one before, 80% of simulated runs have decided a mean', () => {
    // The standard deviation of a request's value is 0.2, and the target is 0.85.
    const [mean, spread] = [0.865, 0.2];
    const earlier = { value: mean, standardError: spread / Math.sqrt(1200), samples: 1200 };
    const time = timeOf('confidence', { confidence: earlier });
    if (time?.is !== 'as-before' || time.atSeconds === null) throw new Error('no look decides');
    const { looks } = untilDecided().plan.sequential;
    const at = looks.findIndex(({ atSeconds }) => atSeconds === time.atSeconds);
    const decided = (index: number) => {
      const { atSeconds, confidence } = looks[index]!;
      const error = spread / Math.sqrt(PER_SECOND * atSeconds);
      const random = seeded(3);
      const hits = Array.from({ length: 2000 }, () => {
        const value = mean + error * normal(random);
        return meanBounds(value, { variance: error ** 2, blocks: atSeconds }, confidence).low > 0.85;
      });
      return hits.filter(Boolean).length / hits.length;
    };
    expect(decided(at)).toBeGreaterThan(0.75);
    expect(decided(at - 1)).toBeLessThan(0.8);
  });

  test('a mean near its target is not decided by any look', () => {
    const near = { value: 0.8501, standardError: 0.01, samples: 1200 };
    expect(timeOf('confidence', { confidence: near })).toMatchObject({ is: 'as-before', atSeconds: null });
  });

  test('the mean and its standard error are read from a verdict, even if a bound is truncated at the end of its range', () => {
    const { plan, run, evidence } = healthy();
    const { objectives } = judge(plan, run, evidence);
    const found = numbersOf({ objectives }).get('confidence')!;
    const own = objectives.find(({ id }) => id === 'confidence')!;
    expect(found).toMatchObject({ value: own.value, samples: own.samples });
    const cut = { ...own, interval: { ...own.interval!, high: own.value! } };
    expect(numbersOf({ objectives: [cut] }).get('confidence')!.standardError).toBeCloseTo(
      found.standardError,
      3,
    );
    expect(numbersOf({ objectives }).has('latency-p95')).toBe(false);
  });
});
