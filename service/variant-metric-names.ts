import {
  confidenceBuckets,
  counter,
  gauge,
  histogram,
  latencyBucketsSeconds,
  type MetricDefinition,
  sentiments,
  variantOutcomes,
  variants,
} from './metric-names.ts';

const byVariant = variants.map((variant) => ({ variant }));

/** Exposed in addition to the others while two models are in use (MODEL_B_DIR). */
export const variantMetrics = {
  requests: counter(
    'sentiment_variant_requests_total',
    'Prediction requests per model, by how they ended.',
    ['variant', 'outcome'],
    variants.flatMap((variant) => variantOutcomes.map((outcome) => ({ variant, outcome }))),
  ),
  predictions: counter(
    'sentiment_variant_predictions_total',
    'Texts predicted per model, by predicted sentiment.',
    ['variant', 'sentiment'],
    variants.flatMap((variant) => sentiments.map((sentiment) => ({ variant, sentiment }))),
  ),
  duration: histogram(
    'sentiment_variant_prediction_duration_seconds',
    "Seconds from handing a request's texts to a model until the last prediction, for successful requests.",
    latencyBucketsSeconds,
    ['variant'],
    byVariant,
  ),
  confidence: histogram(
    'sentiment_variant_confidence',
    'Confidence of a model in the predicted sentiment, one observation per text.',
    confidenceBuckets,
    ['variant'],
    byVariant,
  ),
  loaded: gauge(
    'sentiment_variant_model_loaded',
    '1 while at least one worker of the model is ready, else 0.',
    ['variant'],
    byVariant,
  ),
  info: gauge(
    'sentiment_variant_model_info',
    'Always 1; the labels describe the variant.',
    ['variant', 'model', 'version', 'dtype'],
    [],
  ),
} as const satisfies Record<string, MetricDefinition>;
