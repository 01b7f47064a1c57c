import type { FastifyRequest } from 'fastify';
import { type Classification, type Classifier, ClassifierError } from './classifier/classifier.ts';
import { dealEvenly } from './faults.ts';
import { countIn, makeGauge, observeIn, type Registry } from './metric-makers.ts';
import type { Variant, VariantOutcome } from './metric-names.ts';
import { variantMetrics } from './variant-metric-names.ts';

/** A model under the name that its responses and metrics use. */
export interface Served {
  readonly variant: Variant;
  /** The model with the configured wrappers: a cache, injected faults. */
  readonly classifier: Classifier;
  /** The model without wrappers, for everything that is not a prediction. */
  readonly plain: Classifier;
}

/** Which model handles a request. */
export type Choose = (request: FastifyRequest) => Served;

/**
 * Two models side by side, the second with a share of the requests. A request with an id gets the same model each
 * time it is sent, whichever replica receives it. The other requests are distributed evenly, in order of arrival.
 * Nothing is random.
 */
export function dealBetween(a: Served, b: Served, percentOfB: number): Choose {
  const isNextForB = dealEvenly(percentOfB);
  return (request) => {
    const bringsId = request.headers['x-request-id'] === request.id;
    const isForB = bringsId ? percentileOf(request.id) < percentOfB : isNextForB();
    return isForB ? b : a;
  };
}

/** Maps an id to a number between 0 and 100: the same on every replica, and evenly spread over ids (FNV-1a, then mixed). */
export function percentileOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  // Without this mixing step, ids that differ only in their last digit would get similar percentiles.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 100;
}

/** Counts how requests for predictions end, by the model that handled them. */
export class VariantMetrics {
  readonly #requests;
  readonly #predictions;
  readonly #duration;
  readonly #confidence;

  constructor(registry: Registry, models: readonly Served[]) {
    this.#requests = countIn(registry, variantMetrics.requests);
    this.#predictions = countIn(registry, variantMetrics.predictions);
    this.#duration = observeIn(registry, variantMetrics.duration);
    this.#confidence = observeIn(registry, variantMetrics.confidence);
    const info = makeGauge(registry, variantMetrics.info);
    for (const { variant, plain } of models) {
      info.set({ variant, model: plain.model, version: plain.version, dtype: plain.dtype }, 1);
    }
    const loaded = makeGauge(registry, variantMetrics.loaded, () => {
      for (const { variant, plain } of models) loaded.set({ variant }, plain.isLoaded() ? 1 : 0);
    });
  }

  answered(variant: Variant, answers: readonly Classification[], durationSeconds: number): void {
    this.#requests.of({ variant, outcome: 'answered' satisfies VariantOutcome }).inc();
    this.#duration.of({ variant }).observe(durationSeconds);
    for (const { sentiment, confidence } of answers) {
      this.#predictions.of({ variant, sentiment }).inc();
      this.#confidence.of({ variant }).observe(confidence);
    }
  }

  failed(variant: Variant, error: unknown): void {
    const outcome: VariantOutcome = error instanceof ClassifierError ? error.failure : 'inference_error';
    this.#requests.of({ variant, outcome }).inc();
  }
}
