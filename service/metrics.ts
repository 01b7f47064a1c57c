import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Classification } from './classifier/classifier.ts';
import {
  type CounterDefinition,
  metrics as definitions,
  type Endpoint,
  type ErrorType,
  type GaugeDefinition,
  type HistogramDefinition,
} from './metric-names.ts';

/** The labels of one HTTP request while it is in progress. */
export interface RequestLabels {
  readonly method: string;
  readonly handler: string;
}

/** How one HTTP request ended. */
export interface RequestOutcome {
  readonly status: number;
  readonly durationSeconds: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** The service's metrics in a registry of their own, every label set at 0 from the start. */
export class Metrics {
  readonly registry = new Registry();
  readonly #predictions = this.#counter(definitions.predictions);
  readonly #predictionDuration = this.#histogram(definitions.predictionDuration);
  readonly #predictionConfidence = this.#histogram(definitions.predictionConfidence);
  readonly #batchSize = this.#histogram(definitions.batchSize);
  readonly #errors = this.#counter(definitions.errors);
  readonly #httpRequests = this.#counter(definitions.httpRequests);
  readonly #httpDuration = this.#histogram(definitions.httpDuration);
  readonly #httpInProgress = this.#gauge(definitions.httpInProgress);
  readonly #httpRequestSize = this.#histogram(definitions.httpRequestSize);
  readonly #httpResponseSize = this.#histogram(definitions.httpResponseSize);

  /** `isLoaded` is asked at each scrape, so the gauge is never older than the scrape. */
  constructor(isLoaded: () => boolean) {
    const modelLoaded: Gauge = this.#gauge(definitions.modelLoaded, () => {
      modelLoaded.set(isLoaded() ? 1 : 0);
    });
    collectDefaultMetrics({ register: this.registry });
  }

  predicted(endpoint: Endpoint, answers: readonly Classification[], durationSeconds: number): void {
    this.#predictionDuration.observe({ endpoint }, durationSeconds);
    for (const { sentiment, confidence } of answers) {
      this.#predictions.inc({ sentiment, endpoint });
      this.#predictionConfidence.observe({ sentiment }, confidence);
    }
  }

  batchAccepted(texts: number): void {
    this.#batchSize.observe(texts);
  }

  failed(endpoint: Endpoint, errorType: ErrorType): void {
    this.#errors.inc({ error_type: errorType, endpoint });
  }

  requestBegan({ method, handler }: RequestLabels): void {
    this.#httpInProgress.inc({ method, handler });
  }

  requestEnded({ method, handler }: RequestLabels, outcome: RequestOutcome): void {
    const labels = { method, handler, status: String(outcome.status) };
    this.#httpInProgress.dec({ method, handler });
    this.#httpRequests.inc(labels);
    this.#httpDuration.observe(labels, outcome.durationSeconds);
    this.#httpRequestSize.observe({ handler }, outcome.requestBytes);
    this.#httpResponseSize.observe({ handler }, outcome.responseBytes);
  }

  #counter({ name, help, labelNames, labelSets }: CounterDefinition): Counter {
    const counter = new Counter({ name, help, labelNames, registers: [this.registry] });
    for (const labels of labelSets) counter.inc(labels, 0);
    return counter;
  }

  #gauge({ name, help, labelNames, labelSets }: GaugeDefinition, collect = () => {}): Gauge {
    const gauge = new Gauge({ name, help, labelNames, registers: [this.registry], collect });
    for (const labels of labelSets) gauge.set(labels, 0);
    return gauge;
  }

  #histogram({ name, help, labelNames, labelSets, buckets }: HistogramDefinition): Histogram {
    const registers = [this.registry];
    const histogram = new Histogram({ name, help, labelNames, registers, buckets: [...buckets] });
    for (const labels of labelSets) histogram.zero(labels);
    return histogram;
  }
}
