import { expect, test } from 'vitest';
import type { Plan } from '../../slas/model/model.ts';
import { type LateSeries, startLateServer } from '../../slas/testing/late-server.ts';
import { awaitDrained } from './settle.ts';

/** When the requests of a step are all counted. */

const REQUESTS = 'http_requests_total';
const plan = { requests: REQUESTS } as Plan;
const asker = (url: string) => ({ url, signal: AbortSignal.timeout(5_000) });

/** A counter that was scraped every second, from 20 s ago until so many seconds ago. */
function counter(instance: string, untilSeconds: number, valueAt: (at: number) => number): LateSeries {
  const now = Date.now() / 1000;
  return {
    labels: { __name__: REQUESTS, instance },
    samples: Array.from({ length: 21 - untilSeconds }, (_, index) => {
      const at = Number((now - 20 + index).toFixed(3));
      return [at, String(valueAt(at))];
    }),
    lateSeconds: 0,
  };
}

const endedSeconds = () => Date.now() / 1000 - 4;

test('a service whose counter has not grown since the load is drained', async () => {
  await using server = await startLateServer([counter('a', 0, () => 7)]);
  expect(await awaitDrained(plan, endedSeconds(), asker(server.url))).toBe(true);
});

test('a replica that was removed is not waited for', async () => {
  const removed = { ...counter('b', 10, (at) => at), isGone: true } as const;
  await using server = await startLateServer([counter('a', 0, () => 7), removed]);
  expect(await awaitDrained(plan, endedSeconds(), asker(server.url))).toBe(true);
});

test.each([
  ['still counts', 0],
  ['was not scraped since, but is still a target', 10],
])('a replica that %s is waited for', async (_, untilSeconds) => {
  await using server = await startLateServer([
    counter('a', 0, () => 7),
    counter('b', untilSeconds, (at) => at),
  ]);
  const { url, signal } = { ...asker(server.url), signal: AbortSignal.timeout(1_500) };
  await expect(awaitDrained(plan, endedSeconds(), { url, signal })).rejects.toThrow();
});
