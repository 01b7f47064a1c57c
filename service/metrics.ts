import { collectDefaultMetrics, type Gauge } from 'prom-client';
import type { Classification } from './classifier/classifier.ts';
import { type Exemplar, keepExemplar } from './exemplars.ts';
import { countIn, makeGauge, observeIn, Registry } from './metric-makers.ts';
import {
  metrics as definitions,
  type Endpoint,
  type ErrorType,
  type InferringEndpoint,
} from './metric-names.ts';

/** The labels of one HTTP request while it is in progress. */
export interface RequestLabels {
  readonly method: string;
  readonly handler: string;
}

/** The loaded model, as in `sentiment_model_info`. */
export interface LoadedModel {
  readonly model: string;
  readonly version: string;
  readonly dtype: string;
}

/** How one HTTP request ended. */
export interface RequestOutcome {
  readonly status: number;
  readonly durationSeconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** The trace of the request, if it is sampled. */
  readonly traceId?: string | undefined;
}

/** The service's metrics in their own registry, every label set at 0 from the start. */
export class Metrics {
  readonly registry = new Registry();
  readonly exemplars = new Map<string, Exemplar>();
  readonly #predictions = countIn(this.registry, definitions.predictions);
  readonly #predictionDuration = observeIn(this.registry, definitions.predictionDuration);
  readonly #predictionConfidence = observeIn(this.registry, definitions.predictionConfidence);
  readonly #batchSize = observeIn(this.registry, definitions.batchSize);
  readonly #errors = countIn(this.registry, definitions.errors);
  readonly #httpRequests = countIn(this.registry, definitions.httpRequests);
  readonly #httpDuration = observeIn(this.registry, definitions.httpDuration);
  readonly #httpInProgress = countIn(this.registry, definitions.httpInProgress);
  readonly #httpRequestSize = observeIn(this.registry, definitions.httpRequestSize);
  readonly #httpResponseSize = observeIn(this.registry, definitions.httpResponseSize);

  /** `isLoaded` is called at each scrape, so the gauge is never older than the scrape. */
  constructor(isLoaded: () => boolean, { model, version, dtype }: LoadedModel) {
    makeGauge(this.registry, definitions.modelInfo).set({ model, version, dtype }, 1);
    const modelLoaded: Gauge = makeGauge(this.registry, definitions.modelLoaded, () => {
      modelLoaded.set(isLoaded() ? 1 : 0);
    });
    collectDefaultMetrics({ register: this.registry });
  }

  predicted(endpoint: Endpoint, answers: readonly Classification[], durationSeconds: number): void {
    this.#predictionDuration.of({ endpoint }).observe(durationSeconds);
    for (const { sentiment, confidence } of answers) {
      this.#predictions.of({ sentiment, endpoint }).inc();
      this.#predictionConfidence.of({ sentiment }).observe(confidence);
    }
  }

  batchAccepted(texts: number): void {
    this.#batchSize.of({}).observe(texts);
  }

  failed(endpoint: InferringEndpoint, errorType: ErrorType): void {
    this.#errors.of({ error_type: errorType, endpoint }).inc();
  }

  requestBegan({ method, handler }: RequestLabels): void {
    this.#httpInProgress.of({ method, handler }).inc();
  }

  requestEnded({ method, handler }: RequestLabels, outcome: RequestOutcome): void {
    const labels = { method, handler, status: String(outcome.status) };
    this.#httpInProgress.of({ method, handler }).dec();
    this.#httpRequests.of(labels).inc();
    this.#httpDuration.of(labels).observe(outcome.durationSeconds);
    if (outcome.traceId !== undefined) {
      const { status, durationSeconds, traceId } = outcome;
      keepExemplar(this.exemplars, { method, handler, status }, durationSeconds, traceId);
    }
    this.#httpRequestSize.of({ handler }).observe(outcome.requestBytes);
    this.#httpResponseSize.of({ handler }).observe(outcome.responseBytes);
  }
}
