import type { Classifier, Inference, WorkReport } from './classifier/classifier.ts';
import type { Metrics } from './metrics.ts';
import { type Choose, dealBetween, type Served, VariantMetrics } from './variants.ts';

/** A model and its metrics. */
export type Model = Classifier & WorkReport;

/** The models in use: one, or two side by side. */
export interface Models {
  readonly choose: Choose;
  /** True while every model is available, because requests go to each. */
  isLoaded(): boolean;
  hasRoom(): boolean;
  /** Set only if there are two models. */
  readonly metrics: VariantMetrics | undefined;
}

/** Wraps a model as configured, for example with a cache. */
export type Wrap = (model: Classifier) => Classifier;

export function serveModels(
  a: Model,
  b: Model | undefined,
  percentOfB: number,
  wrap: Wrap,
  metrics: Metrics,
): Models {
  const servedA: Served = { variant: 'a', classifier: wrap(a), plain: a };
  if (b === undefined) {
    return {
      choose: () => servedA,
      isLoaded: () => a.isLoaded(),
      hasRoom: () => a.hasRoom(),
      metrics: undefined,
    };
  }
  const servedB: Served = { variant: 'b', classifier: wrap(b), plain: b };
  return {
    choose: dealBetween(servedA, servedB, percentOfB),
    isLoaded: () => a.isLoaded() && b.isLoaded(),
    hasRoom: () => a.hasRoom() || b.hasRoom(),
    metrics: new VariantMetrics(metrics.registry, [servedA, servedB]),
  };
}

/** The work of both models combined. */
export function workOf(a: Model, b: Model | undefined): WorkReport {
  if (b === undefined) return a;
  return {
    waitingTexts: () => a.waitingTexts() + b.waitingTexts(),
    readyWorkers: () => a.readyWorkers() + b.readyWorkers(),
    lostWorkers: () => a.lostWorkers() + b.lostWorkers(),
    onInference: (listener: (inference: Inference) => void) => {
      a.onInference(listener);
      b.onInference(listener);
    },
  };
}
