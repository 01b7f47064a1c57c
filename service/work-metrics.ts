import type { WorkReport } from './classifier/classifier.ts';
import { countIn, makeCounter, makeGauge, observeIn, type Registry } from './metric-makers.ts';
import { metrics as definitions } from './metric-names.ts';

/** Exposes the classifier's queue, its progress, and deaths of its workers as metrics. */
export function observeWork(registry: Registry, work: WorkReport): void {
  const length = makeGauge(registry, definitions.queueLength, () => length.set(work.waitingTexts()));
  const ready = makeGauge(registry, definitions.workersReady, () => ready.set(work.readyWorkers()));
  const lost = makeCounter(registry, definitions.workersLost, () => {
    lost.reset();
    lost.inc(work.lostWorkers());
  });
  const wait = observeIn(registry, definitions.queueWait).of({});
  const duration = observeIn(registry, definitions.inferenceDuration).of({});
  const batchSize = observeIn(registry, definitions.inferenceBatchSize).of({});
  work.onInference(({ texts, waitedMs, durationMs }) => {
    for (const waited of waitedMs) wait.observe(waited / 1000);
    duration.observe(durationMs / 1000);
    batchSize.observe(texts);
  });
}

/** Counts lookups in the cache. */
export function cacheCounter(registry: Registry): (hits: number, misses: number) => void {
  const lookups = countIn(registry, definitions.cacheLookups);
  return (hits, misses) => {
    lookups.of({ outcome: 'hit' }).inc(hits);
    lookups.of({ outcome: 'miss' }).inc(misses);
  };
}
