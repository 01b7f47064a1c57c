import { afterAll, beforeAll, expect, test } from 'vitest';
import { appOf, post, readSeries, startClassifier } from '../testing/service.ts';
import { withCache } from './cached.ts';
import type { WorkerPool } from './worker-pool.ts';

let classifier: WorkerPool;
beforeAll(async () => {
  classifier = await startClassifier();
});
afterAll(() => classifier[Symbol.asyncDispose]());

const patient = { deadlineMs: 30_000, isAbandoned: () => false };

test('a repeated text gets its prediction from the cache; the response and the metric show it', async () => {
  await using app = appOf(classifier, { CACHE_TEXTS: '10' });
  const first = (await post(app, '/predict', { text: 'I love it' })).json();
  const again = (await post(app, '/predict', { text: 'I love it' })).json();
  // A repeated text gets its own id, because feedback on it may differ.
  expect(again.id).not.toBe(first.id);
  expect([first.cached, again]).toEqual([false, { ...first, id: again.id, cached: true }]);
  const batch = (await post(app, '/predict/batch', { texts: ['Awful', 'I love it', 'Awful'] })).json();
  expect(batch.predictions.map(({ cached }: { cached: boolean }) => cached)).toEqual([false, true, false]);
  const series = await readSeries(app);
  expect(series.get('sentiment_cache_lookups_total{outcome="hit"}')).toBe(2);
  expect(series.get('sentiment_cache_lookups_total{outcome="miss"}')).toBe(3);
  expect(series.get('sentiment_queue_wait_seconds_count')).toBe(3);
});

test('by default there is no cache, and responses do not mention one', async () => {
  await using app = appOf(classifier);
  for (let sent = 0; sent < 2; sent++) {
    expect((await post(app, '/predict', { text: 'I love it' })).json()).not.toHaveProperty('cached');
  }
  const series = await readSeries(app);
  expect(series.get('sentiment_queue_wait_seconds_count')).toBe(2);
  expect(series.get('sentiment_cache_lookups_total{outcome="hit"}')).toBe(0);
});

test('the cache is bounded and drops the least recently used entry first', async () => {
  const lookups: [number, number][] = [];
  const cache = withCache(classifier, 2, (hits, misses) => lookups.push([hits, misses]));
  for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await cache.classify([text], patient);
  expect(lookups.map(([hits]) => hits)).toEqual([0, 0, 1, 0, 1, 0]);
});
