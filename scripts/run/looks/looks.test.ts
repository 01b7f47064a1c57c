import { expect, test } from 'vitest';
import type { Plan } from '../../../slas/model/model.ts';
import type { Asker } from '../../../slas/prometheus/http.ts';
import { Looks } from './looks.ts';

/** Tests when a look is due. scripts/e2e/until-decided.test.ts tests its judgement with real runs. */

const LOOK_SECONDS = 20;
const TIMEOUT_SECONDS = 2;
const LOOKS = [LOOK_SECONDS, 45].map((atSeconds) => ({ atSeconds, confidence: 0.95 }));

const planOf = (arrivals: 'even' | 'poisson', requestTimeoutSeconds: number) =>
  ({
    load: { arrivals, requestTimeoutSeconds, scheduledSeconds: 45 },
    sequential: { looks: LOOKS },
  }) as unknown as Plan;

interface Times {
  /** The time since the first request. */
  readonly nowSeconds: number;
  readonly reachesSeconds: number;
  readonly lastResponseSeconds: number;
  readonly arrivals?: 'even' | 'poisson';
  readonly timeoutSeconds?: number;
}

/** Whether the first look has begun. */
async function isDue({
  nowSeconds,
  reachesSeconds,
  lastResponseSeconds,
  arrivals = 'even',
  timeoutSeconds = TIMEOUT_SECONDS,
}: Times) {
  const beganSeconds = Date.now() / 1000 - nowSeconds;
  const begun: string[] = [];
  const recorder = {
    reachesSeconds: beganSeconds + reachesSeconds,
    snapshot: () => {
      throw new Error('begun');
    },
  };
  await using looks = new Looks(recorder, {
    plan: planOf(arrivals, timeoutSeconds),
    asker: { signal: new AbortController().signal } as Asker,
    so: {} as never,
    incidents: async () => null,
    progress: (line) => begun.push(line),
  });
  const seen = { status: 200, path: '/', scenario: 'hold' };
  looks.see({ ...seen, durationMs: 0, endMs: beganSeconds * 1000 });
  looks.see({ ...seen, durationMs: 5, endMs: (beganSeconds + lastResponseSeconds) * 1000 });
  looks.reason();
  await new Promise(setImmediate);
  return begun.length > 0;
}

test.each([
  [
    'k6 has written all samples up to the look',
    { nowSeconds: 22.5, reachesSeconds: 21, lastResponseSeconds: 21 },
    true,
  ],
  [
    'k6 may not have written these samples yet',
    { nowSeconds: 21.5, reachesSeconds: 21, lastResponseSeconds: 21 },
    false,
  ],
  [
    'the record of one load generator ends before the look',
    { nowSeconds: 30, reachesSeconds: 19, lastResponseSeconds: 29 },
    false,
  ],
  [
    'the record of one load generator lacks the responses after the look',
    { nowSeconds: 30, reachesSeconds: 21, lastResponseSeconds: 29 },
    false,
  ],
  [
    'all records contain the responses after the look',
    { nowSeconds: 30, reachesSeconds: 23, lastResponseSeconds: 29 },
    true,
  ],
  [
    'the first request may still be in progress',
    { nowSeconds: 25, reachesSeconds: 24, lastResponseSeconds: 24, timeoutSeconds: 25 },
    false,
  ],
  [
    'a request before the first recorded one would have timed out',
    { nowSeconds: 27, reachesSeconds: 25.5, lastResponseSeconds: 25.5, timeoutSeconds: 25 },
    true,
  ],
  [
    'arrivals are random, and some requests may still be in progress',
    { nowSeconds: 26, reachesSeconds: 21, lastResponseSeconds: 21, arrivals: 'poisson' },
    false,
  ],
] as const)('the harness knows whether a look is due when %s', async (_, times, expected) => {
  expect(await isDue(times)).toBe(expected);
});
