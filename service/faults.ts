import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Classification, Classifier } from './classifier/classifier.ts';
import { wrapping } from './classifier/wrapping.ts';
import { ApiError } from './errors.ts';
import type { Faults } from './fault-spec.ts';

/** Delays and fails valid requests to the routes of `scope`. Faults are distributed evenly, never at random. */
export function injectFaults(scope: FastifyInstance, faults: Faults): void {
  const isNextToFail = dealEvenly(faults.errorPercent ?? 0);
  const totalOfNext = distributeTotals(faults);
  const totals = new WeakMap<FastifyRequest, number>();
  scope.addHook('preHandler', async (request) => {
    const fails = isNextToFail();
    totals.set(request, totalOfNext());
    if (faults.latencyMs !== undefined) await waitAtLeast(faults.latencyMs);
    if (fails)
      throw new ApiError('inference_error', `This fault was injected by SLA_FAULTS="${faults.spec}".`);
  });
  // This hook runs last, so that the request's own duration is part of the total.
  scope.addHook('onSend', async (request) => {
    const arrivedMs = request.observation?.arrivedMs ?? performance.now();
    const leftMs = (totals.get(request) ?? 0) - (performance.now() - arrivedMs);
    if (leftMs > 0) await waitAtLeast(leftMs);
  });
}

/**
 * The minimum duration of each request in turn, in milliseconds: the same for all requests except those of the tail.
 */
function distributeTotals({ latencyToMs = 0, tail }: Faults): () => number {
  const isNextInTail = dealEvenly(tail?.percent ?? 0);
  return () => Math.max(latencyToMs, isNextInTail() ? tail!.toMs : 0);
}

/** Decides for each request in turn whether it belongs to the share: at 2%, every 50th request does. */
export function dealEvenly(percent: number): () => boolean {
  let count = 0;
  // The tiny addition compensates for rounding: 125 * 0.8 / 100 would otherwise be less than 1.
  const dueAt = (count: number) => Math.floor((count * percent) / 100 + 1e-9);
  return () => {
    count += 1;
    return dueAt(count) > dueAt(count - 1);
  };
}

/**
 * Waits again if a timer fires early, which may be up to a millisecond, so that no delay is shorter than requested.
 */
async function waitAtLeast(delayMs: number): Promise<void> {
  const untilMs = performance.now() + delayMs;
  for (let leftMs = delayMs; leftMs > 0; leftMs = untilMs - performance.now()) await sleep(Math.ceil(leftMs));
}

/** The classifier with its confidences lowered to a mean. Sentiments stay the same. */
export function withConfidenceMean(classifier: Classifier, mean: number): Classifier {
  const lower = lowerTo(mean);
  const lowered = (answer: Classification) => ({ ...answer, confidence: lower(answer.confidence) });
  return wrapping(classifier, async (texts, options) =>
    (await classifier.classify(texts, options)).map(lowered),
  );
}

/**
 * Limits the correction that is carried forward. Without a limit, a long stretch of low confidences would be
 * compensated for indefinitely.
 */
const maxCorrection = 5;
/**
 * The share of the correction that one prediction takes. Spreading it over several predictions keeps the values
 * plausible.
 */
const paidAtOnce = 0.25;

/**
 * Lowers the confidences one after the other so that their mean is `mean`. Each is moved towards 0.5 in proportion,
 * and then adjusted slightly for the remaining correction. None is raised above the model's value.
 */
export function lowerTo(mean: number): (confidence: number) => number {
  let count = 0;
  let sumGiven = 0;
  let owed = 0;
  return (confidence) => {
    count += 1;
    sumGiven += confidence;
    const shrink = Math.min(1, (mean - 0.5) / Math.max(1e-9, sumGiven / count - 0.5));
    const aimed = 0.5 + (confidence - 0.5) * shrink + owed * paidAtOnce;
    const lowered = Math.min(confidence, Math.max(0.5, aimed));
    owed = Math.max(-maxCorrection, Math.min(maxCorrection, owed + mean - lowered));
    return lowered;
  };
}
