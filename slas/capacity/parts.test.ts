import { describe, expect, test } from 'vitest';
import { openAtMoments } from '../client/open.ts';
import { seeded } from '../simulation/queues.ts';
import { kneeOf } from './knee.ts';
import { checkLittle } from './little.ts';
import { replicasFor } from './replicas.ts';
import { inOrderOfBending, type Resource } from './saturation.ts';

describe('the knee of the latency curve', () => {
  const RATES = [50, 100, 150, 200, 250, 300, 350, 400, 450, 500];
  const KNEE = 300;
  const bent = (noise: (index: number) => number, knee = KNEE) =>
    RATES.map((ratePerSecond, index) => ({
      ratePerSecond,
      seconds: 0.02 * Math.exp(Math.max(0, ratePerSecond - knee) / 60) * (1 + noise(index)),
    }));

  test('is found, and its interval contains the true rate in at least 18 of 20 noisy curves', () => {
    const exact = kneeOf(
      bent(() => 0),
      0.95,
    );
    if (!exact.ok) throw new Error(exact.because);
    expect(Math.abs(exact.ratePerSecond - KNEE)).toBeLessThan(2);
    const held = Array.from({ length: 20 }, (_, seed) => {
      const random = seeded(seed + 1);
      const knee = kneeOf(
        bent(() => 0.1 * (random() - 0.5)),
        0.95,
      );
      return knee.ok && knee.range[0] <= KNEE && KNEE <= knee.range[1];
    });
    expect(held.filter(Boolean).length).toBeGreaterThanOrEqual(18);
  });

  test('is not claimed for a straight line, or from few points', () => {
    const straight = RATES.map((ratePerSecond) => ({
      ratePerSecond,
      seconds: 0.02 * Math.exp(ratePerSecond / 400),
    }));
    expect(kneeOf(straight, 0.95)).toEqual({ ok: false, because: 'no-bend' });
    expect(kneeOf(bent(() => 0).slice(0, 5), 0.95)).toEqual({ ok: false, because: 'too-few-points' });
  });

  test('is not claimed if only the highest rate is above it', () => {
    const flat = () => 0;
    expect(kneeOf(bent(flat, 470), 0.95)).toEqual({ ok: false, because: 'no-bend' });
    expect(kneeOf(bent(flat, 430), 0.95)).toMatchObject({ ok: true });
  });
});

describe("Little's law", () => {
  const fits = { ratePerSecond: 100, meanSeconds: 0.2, concurrency: 20.5 };

  test('finds nothing where client and service agree', () => {
    const service = { ratePerSecond: 100, meanSeconds: 0.18, concurrency: 18 };
    expect(checkLittle({ client: fits, service })).toEqual([]);
  });

  test('names the side that contradicts itself, counts too many requests, or does not see waiting requests', () => {
    const none = { ratePerSecond: null, meanSeconds: null, concurrency: null };
    const doubled = { ...fits, concurrency: 40 };
    expect(checkLittle({ client: doubled, service: none })).toMatchObject([
      { who: 'client', code: 'own-figures' },
    ]);
    const more = { ratePerSecond: 200, meanSeconds: 0.2, concurrency: null };
    expect(checkLittle({ client: fits, service: more })).toMatchObject([{ code: 'more-than-sent' }]);
    const quick = { ratePerSecond: 100, meanSeconds: 0.02, concurrency: null };
    expect(checkLittle({ client: fits, service: quick })).toMatchObject([{ code: 'waits-outside' }]);
  });

  test('names the service if its gauge is twice what rate and mean time allow, but not if a few scrapes are high by chance', () => {
    const service = (concurrency: number) => ({ ratePerSecond: 100, meanSeconds: 0.18, concurrency });
    expect(checkLittle({ client: fits, service: service(36) })).toMatchObject([
      { who: 'service', code: 'own-figures', concurrency: 36, expected: 18 },
    ]);
    expect(checkLittle({ client: fits, service: service(24) })).toEqual([]);
  });

  test('counts open requests at points in time instead of computing them from their durations', () => {
    const starts = Array.from({ length: 1000 }, (_, index) => index / 100);
    const window = { fromSeconds: 1, toSeconds: 9 };
    expect(
      openAtMoments(
        starts,
        starts.map(() => 0.5),
        window,
      ),
    ).toBeCloseTo(50, 0);
    expect(openAtMoments([], [], window)).toBeNull();
  });
});

describe('replicas', () => {
  test('can handle the target rate with headroom even after one replica is lost', () => {
    const question = { targetPerSecond: 400, headroom: 0.3, measuredReplicas: 1 };
    expect(replicasFor({ ...question, provenPerSecond: 200, refutedPerSecond: 210 })).toEqual({
      ...{ replicas: 4, atLeastRunning: 3, range: { low: 4, high: 4 }, perReplicaPerSecond: 140 },
    });
    const wide = replicasFor({ ...question, provenPerSecond: 100, refutedPerSecond: 200 });
    expect(wide).toMatchObject({ replicas: 7, range: { low: 4, high: 7 } });
    const open = replicasFor({ ...question, provenPerSecond: 100, refutedPerSecond: null });
    expect(open.range).toEqual({ low: null, high: 7 });
  });

  test('may be exactly enough, and a measurement of two replicas is divided by two', () => {
    const exact = { targetPerSecond: 140, headroom: 0.3, provenPerSecond: 200, refutedPerSecond: null };
    expect(replicasFor({ ...exact, measuredReplicas: 1 }).atLeastRunning).toBe(1);
    expect(replicasFor({ ...exact, measuredReplicas: 2 }).atLeastRunning).toBe(2);
  });
});

describe('which resource is the first bottleneck', () => {
  const at = (values: readonly number[]) =>
    values.map((value, index) => ({ ratePerSecond: 100 * (index + 1), value }));
  const cpu: Resource = {
    ...{ name: 'CPU', unit: 'cores', most: 2, noise: 0.05 },
    points: at([0.5, 1, 1.5, 1.9, 2]),
  };
  const queue: Resource = {
    name: 'queue',
    unit: 'count',
    most: null,
    noise: 1,
    points: at([0, 0, 0.2, 1, 60]),
  };
  const memory: Resource = {
    name: 'memory',
    unit: 'bytes',
    most: null,
    noise: 1e7,
    points: at([1e8, 1e8, 1e8, 1e8, 1.1e8]),
  };

  test('resources are listed in the order in which they became bottlenecks, with the evidence', () => {
    expect(inOrderOfBending([queue, memory, cpu])).toEqual([
      { name: 'CPU', unit: 'cores', ratePerSecond: 400, because: 'nearly-used-up', value: 1.9, expected: 2 },
      {
        name: 'queue',
        unit: 'count',
        ratePerSecond: 500,
        because: 'out-of-proportion',
        value: 60,
        expected: expect.any(Number),
      },
    ]);
  });

  test('there is no bottleneck if the use of every resource grows in proportion to the load', () => {
    expect(inOrderOfBending([{ ...cpu, most: 8 }, memory])).toEqual([]);
  });
});
