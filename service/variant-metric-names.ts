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

/** Exposed beside the others while two models answer (MODEL_B_DIR). */
export const variantMetrics = {
  requests: counter(
    'sentiment_variant_requests_total',
    'Requests for predictions that were given to a model, by how they ended.',
    ['variant', 'outcome'],
    variants.flatMap((variant) => variantOutcomes.map((outcome) => ({ variant, outcome }))),
  ),
  predictions: counter(
    'sentiment_variant_predictions_total',
    'Texts predicted by a model, by the sentiment given.',
    ['variant', 'sentiment'],
    variants.flatMap((variant) => sentiments.map((sentiment) => ({ variant, sentiment }))),
  ),
  duration: histogram(
    'sentiment_variant_prediction_duration_seconds',
    "Seconds from handing a request's texts to a model to its last answer, of requests that were answered.",
    latencyBucketsSeconds,
    ['variant'],
    byVariant,
  ),
  confidence: histogram(
    'sentiment_variant_confidence',
    'How sure a model was of the sentiment that it gave, one observation a text.',
    confidenceBuckets,
    ['variant'],
    byVariant,
  ),
  loaded: gauge(
    'sentiment_variant_model_loaded',
    '1 while at least one worker of the model can answer, else 0.',
    ['variant'],
    byVariant,
  ),
  info: gauge(
    'sentiment_variant_model_info',
    '1, with what each variant is in the labels.',
    ['variant', 'model', 'version', 'dtype'],
    [],
  ),
} as const satisfies Record<string, MetricDefinition>;
