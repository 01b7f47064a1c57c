import type { Classification } from './classifier/classifier.ts';
import type { Reference } from './drift/reference.ts';
import { DriftWindow } from './drift/window.ts';
import { countIn, makeCounter, makeGauge, observeIn, type Registry } from './metric-makers.ts';
import {
  type Agreement,
  metrics as definitions,
  driftFeatures,
  type Endpoint,
  endpoints,
  type Feature,
  features,
  type Variant,
  variants,
} from './metric-names.ts';
import { type FeedbackOutcome, RecentPredictions } from './recent-predictions.ts';
import type { RecordingConfig } from './recording-config.ts';

/**
 * Records everything about predictions except the response: their value, the features used, feedback, and drift. A
 * prediction costs a few additions here; the metrics are updated when they are read.
 */
export class Ledger {
  readonly #recent: RecentPredictions;
  readonly #drift: DriftWindow;
  readonly #texts: Record<Endpoint, Record<Variant, number>> = {
    '/predict': { a: 0, b: 0 },
    '/predict/batch': { a: 0, b: 0 },
  };
  readonly #uses: Record<Feature, number> = {
    predict: 0,
    batch: 0,
    explain: 0,
    feedback: 0,
    page: 0,
    docs: 0,
  };
  readonly #feedback;
  readonly #importantWords;

  /** Drift of model `a`: the reference belongs to it. */
  constructor(registry: Registry, config: RecordingConfig, reference: Reference | undefined) {
    this.#recent = new RecentPredictions(config.feedbackWindow);
    this.#drift = new DriftWindow(config.driftWindow, reference);
    this.#feedback = countIn(registry, definitions.feedback);
    this.#importantWords = observeIn(registry, definitions.explanationWords).of({});
    this.#tellUse(registry);
    this.#tellValue(registry, config.valuePerPrediction);
    this.#tellDrift(registry);
    const expected =
      config.expectedPositiveRatio ?? (reference ? reference.positive / reference.predictions : 0.5);
    makeGauge(registry, definitions.positiveExpectedRatio).set(expected);
  }

  /** Records the predictions of one request and gives each its id. */
  predicted(endpoint: Endpoint, variant: Variant, answers: readonly Classification[]): readonly string[] {
    this.#texts[endpoint][variant] += answers.length;
    this.used(endpoint === '/predict' ? 'predict' : 'batch');
    if (variant === 'a') for (const answer of answers) this.#drift.add(answer);
    return answers.map(() => this.#recent.add(variant));
  }

  used(feature: Feature): void {
    this.#uses[feature] += 1;
  }

  explained(importantWords: number): void {
    this.used('explain');
    this.#importantWords.observe(importantWords);
  }

  feedback(id: string, agreement: Agreement): FeedbackOutcome {
    const outcome = this.#recent.tell(id, agreement);
    if (outcome.kind === 'counted') this.#feedback.of({ agreement, variant: outcome.variant }).inc();
    if (outcome.kind === 'counted' || outcome.kind === 'known') this.used('feedback');
    return outcome;
  }

  #tellUse(registry: Registry): void {
    const told = new Map(features.map((feature) => [feature, 0]));
    const counter = makeCounter(registry, definitions.featureUses, () => {
      for (const feature of features) {
        const uses = this.#uses[feature];
        counter.inc({ feature }, uses - told.get(feature)!);
        told.set(feature, uses);
      }
    });
  }

  #tellValue(registry: Registry, valuePerPrediction: number): void {
    const told = endpoints.flatMap((endpoint) =>
      variants.map((variant) => ({ endpoint, variant, texts: 0 })),
    );
    const counter = makeCounter(registry, definitions.value, () => {
      for (const entry of told) {
        const { endpoint, variant } = entry;
        const texts = this.#texts[endpoint][variant];
        counter.inc({ endpoint, variant }, (texts - entry.texts) * valuePerPrediction);
        entry.texts = texts;
      }
    });
  }

  #tellDrift(registry: Registry): void {
    const drift = this.#drift;
    const index = makeGauge(registry, definitions.driftIndex, () => {
      for (const feature of driftFeatures) index.set({ feature }, drift.shift(feature).index);
    });
    const chance = makeGauge(registry, definitions.driftChance, () => {
      for (const feature of driftFeatures) chance.set({ feature }, drift.shift(feature).chance);
    });
    const predictions = makeGauge(registry, definitions.driftPredictions, () => {
      predictions.set(drift.predictions);
    });
    const positive = makeGauge(registry, definitions.positiveRatio, () => {
      // An empty window has no share, so the metric is 0 instead of NaN. The number of predictions shows that the
      // window is empty.
      positive.set(drift.predictions === 0 ? 0 : drift.positiveRatio);
    });
  }
}
