import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Classification, Classifier } from './classifier/classifier.ts';
import { wrapping } from './classifier/wrapping.ts';
import { ApiError } from './errors.ts';
import type { Faults } from './fault-spec.ts';

/** Delays and fails prediction requests that are valid: the routes of `scope`. Dealt out evenly, nothing is drawn. */
export function injectFaults(scope: FastifyInstance, faults: Faults): void {
  const isNextToFail = dealEvenly(faults.errorPercent ?? 0);
  const totalOfNext = dealTotals(faults);
  const totals = new WeakMap<FastifyRequest, number>();
  scope.addHook('preHandler', async (request) => {
    const fails = isNextToFail();
    totals.set(request, totalOfNext());
    if (faults.latencyMs !== undefined) await waitAtLeast(faults.latencyMs);
    if (fails) throw new ApiError('inference_error', `A fault injected by SLA_FAULTS="${faults.spec}".`);
  });
  // Last, so that what the request took by itself is part of its total.
  scope.addHook('onSend', async (request) => {
    const arrivedMs = request.observation?.arrivedMs ?? performance.now();
    const leftMs = (totals.get(request) ?? 0) - (performance.now() - arrivedMs);
    if (leftMs > 0) await waitAtLeast(leftMs);
  });
}

/** What each request in turn is to take in all, in milliseconds: all alike, and those of the tail more. */
function dealTotals({ latencyToMs = 0, tail }: Faults): () => number {
  const isNextInTail = dealEvenly(tail?.percent ?? 0);
  return () => Math.max(latencyToMs, isNextInTail() ? tail!.toMs : 0);
}

/** Says of each request in turn whether it is one of the share: at 2 %, of every 50th. */
export function dealEvenly(percent: number): () => boolean {
  let dealt = 0;
  // The tiny addition keeps 125 * 0.8 / 100 from coming out below 1.
  const dueAt = (count: number) => Math.floor((count * percent) / 100 + 1e-9);
  return () => {
    dealt += 1;
    return dueAt(dealt) > dueAt(dealt - 1);
  };
}

/** A timer may fire up to a millisecond early by the precise clock; a fault of 250 ms never is less. */
async function waitAtLeast(delayMs: number): Promise<void> {
  const untilMs = performance.now() + delayMs;
  for (let leftMs = delayMs; leftMs > 0; leftMs = untilMs - performance.now()) await sleep(Math.ceil(leftMs));
}

/** The classifier, with its confidences brought down to a mean. Sentiments stay as they are. */
export function withConfidenceMean(classifier: Classifier, mean: number): Classifier {
  const lower = lowerTo(mean);
  const lowered = (answer: Classification) => ({ ...answer, confidence: lower(answer.confidence) });
  return wrapping(classifier, async (texts, options) =>
    (await classifier.classify(texts, options)).map(lowered),
  );
}

/** What may be owed to the mean: more would make a long stretch of unsure texts be paid back for ever. */
const mostOwed = 5;
/** The part of what is owed that one answer makes good: spread over a few, values stay plausible. */
const paidAtOnce = 0.25;

/**
 * Lowers one confidence after the other so that their mean is `mean`: each is drawn towards 0.5 in proportion, then
 * corrected a little for what is still owed. None is raised above what the model gave.
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
    owed = Math.max(-mostOwed, Math.min(mostOwed, owed + mean - lowered));
    return lowered;
  };
}
