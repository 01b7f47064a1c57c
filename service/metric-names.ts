/**
 * Every metric that the service exposes beside prom-client's process metrics: name, help, label names, all label sets
 * that can occur, and bucket edges. Imports nothing, so that dashboards and tests can read it.
 *
 * A counter's first sample counts nothing in Prometheus, so every label set listed here is created with 0 at start.
 */

export const sentiments = ['POSITIVE', 'NEGATIVE'] as const;
export type Sentiment = (typeof sentiments)[number];

/** The routes that predict, by their patterns. */
export const endpoints = ['/predict', '/predict/batch'] as const;
export type Endpoint = (typeof endpoints)[number];

/** The routes that infer, and so can fail at it. */
export const inferringEndpoints = [...endpoints, '/explain'] as const;
export type InferringEndpoint = (typeof inferringEndpoints)[number];

/** Which of two models answered; with one model it is always `a`. */
export const variants = ['a', 'b'] as const;
export type Variant = (typeof variants)[number];

/** What a client made use of, however it ended up there. */
export const features = ['predict', 'batch', 'explain', 'feedback', 'page', 'docs'] as const;
export type Feature = (typeof features)[number];

/** What somebody thought of a prediction. */
export const agreements = ['agree', 'disagree'] as const;
export type Agreement = (typeof agreements)[number];

/** What of a prediction is held against the reference. */
export const driftFeatures = ['confidence', 'length', 'unknown_ratio'] as const;
export type DriftFeature = (typeof driftFeatures)[number];

/** How a request to one of two models ended. */
export const variantOutcomes = ['answered', 'inference_error', 'overloaded', 'timeout', 'abandoned'] as const;
export type VariantOutcome = (typeof variantOutcomes)[number];

export const errorTypes = [
  'invalid_input',
  'inference_error',
  'overloaded',
  'timeout',
  'unauthorized',
  'rate_limited',
] as const;
export type ErrorType = (typeof errorTypes)[number];

export const cacheOutcomes = ['hit', 'miss'] as const;

/** The handler label of every request that no route takes: an unknown URL must not make a new series. */
export const unmatchedHandler = 'unmatched';

/** A page to try the model by hand. */
export const pageHandler = '/';

/** The handler label of everything under `/docs`: the page to try the service, its files, and the OpenAPI document. */
export const docsHandler = '/docs';

/** The method label of unmatched requests whose method is none of the listed ones. */
export const otherMethod = 'OTHER';

/** Counted when the connection ended before the answer was handed over: nobody got a status. */
export const clientGoneStatus = 499;

interface RouteOutcomes {
  readonly handler: string;
  readonly methods: readonly string[];
  readonly statuses: readonly number[];
}

const predictionStatuses = [200, 400, 401, 413, 415, 429, clientGoneStatus, 500, 503, 504];

/** Which statuses each route can answer with. A status outside the table is still counted, only not from 0. */
export const routeOutcomes: readonly RouteOutcomes[] = [
  { handler: '/predict', methods: ['POST'], statuses: predictionStatuses },
  { handler: '/predict/batch', methods: ['POST'], statuses: predictionStatuses },
  { handler: '/health/live', methods: ['GET'], statuses: [200, clientGoneStatus] },
  { handler: '/health/ready', methods: ['GET'], statuses: [200, clientGoneStatus, 503] },
  { handler: '/metrics', methods: ['GET'], statuses: [200, 401, clientGoneStatus, 500] },
  {
    handler: '/explain',
    methods: ['POST'],
    statuses: [...predictionStatuses, 422],
  },
  {
    handler: '/feedback',
    methods: ['POST'],
    statuses: [200, 400, 401, 404, 409, 413, 415, 429, clientGoneStatus, 500],
  },
  { handler: pageHandler, methods: ['GET'], statuses: [200] },
  { handler: docsHandler, methods: ['GET'], statuses: [200] },
  {
    handler: unmatchedHandler,
    methods: ['GET', 'POST', otherMethod],
    statuses: [400, 404, 405, clientGoneStatus],
  },
];

/** Seconds. Holds the limits of the SLA document (0.2, 0.3, 0.5, 1), and fine steps where a healthy service answers. */
export const latencyBucketsSeconds = [
  0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4,
  0.5, 0.75, 1, 1.5, 2.5, 5, 10,
] as const;

/** A two-way classifier is never less than 0.5 sure of the label it gives. */
export const confidenceBuckets = [
  0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 1,
] as const;

export const batchSizeBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

export const sizeBucketsBytes = [64, 128, 256, 512, 1024, 2048, 4096, 16384, 65536, 262144, 1048576] as const;

export const importantWordsBuckets = [0, 1, 2, 3, 5, 8, 13, 21] as const;

export type LabelSet = Readonly<Record<string, string>>;

interface MetricBase {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Every combination of label values that can occur; one empty set for a metric without labels. */
  readonly labelSets: readonly LabelSet[];
}
export interface CounterDefinition extends MetricBase {
  readonly type: 'counter';
}
export interface GaugeDefinition extends MetricBase {
  readonly type: 'gauge';
}
export interface HistogramDefinition extends MetricBase {
  readonly type: 'histogram';
  readonly buckets: readonly number[];
}
export type MetricDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition;

const noLabels: readonly LabelSet[] = [{}];
const byEndpoint = endpoints.map((endpoint) => ({ endpoint }));
const byVariant = variants.map((variant) => ({ variant }));
const byDriftFeature = driftFeatures.map((feature) => ({ feature }));
const bySentiment = sentiments.map((sentiment) => ({ sentiment }));
const byHandler = routeOutcomes.map(({ handler }) => ({ handler }));
const byMethodAndHandler = routeOutcomes.flatMap(({ handler, methods }) =>
  methods.map((method) => ({ method, handler })),
);
const byOutcome = routeOutcomes.flatMap(({ handler, methods, statuses }) =>
  methods.flatMap((method) => statuses.map((status) => ({ method, handler, status: String(status) }))),
);

export const metrics = {
  predictions: {
    type: 'counter',
    name: 'sentiment_predictions_total',
    help: 'Texts predicted, by the sentiment given.',
    labelNames: ['sentiment', 'endpoint'],
    labelSets: endpoints.flatMap((endpoint) => sentiments.map((sentiment) => ({ sentiment, endpoint }))),
  },
  predictionDuration: {
    type: 'histogram',
    name: 'sentiment_prediction_duration_seconds',
    help: "Seconds from handing a request's texts to the classifier to its last answer, waiting included.",
    labelNames: ['endpoint'],
    labelSets: byEndpoint,
    buckets: latencyBucketsSeconds,
  },
  predictionConfidence: {
    type: 'histogram',
    name: 'sentiment_prediction_confidence',
    help: 'How sure the model was of the sentiment that it gave, one observation a text.',
    labelNames: ['sentiment'],
    labelSets: bySentiment,
    buckets: confidenceBuckets,
  },
  batchSize: {
    type: 'histogram',
    name: 'sentiment_batch_size',
    help: 'Texts in one valid batch request.',
    labelNames: [],
    labelSets: noLabels,
    buckets: batchSizeBuckets,
  },
  modelLoaded: {
    type: 'gauge',
    name: 'sentiment_model_loaded',
    help: '1 while at least one worker (of each model, where there are two) can answer, else 0.',
    labelNames: [],
    labelSets: noLabels,
  },
  modelInfo: {
    type: 'gauge',
    name: 'sentiment_model_info',
    help: '1, with what is loaded in the labels: the name of the model, its version and the type of its weights.',
    labelNames: ['model', 'version', 'dtype'],
    labelSets: [],
  },
  queueLength: {
    type: 'gauge',
    name: 'sentiment_queue_length',
    help: 'Texts that wait for a worker.',
    labelNames: [],
    labelSets: noLabels,
  },
  queueWait: {
    type: 'histogram',
    name: 'sentiment_queue_wait_seconds',
    help: 'Seconds that a text waited before a worker began it.',
    labelNames: [],
    labelSets: noLabels,
    buckets: latencyBucketsSeconds,
  },
  inferenceDuration: {
    type: 'histogram',
    name: 'sentiment_inference_duration_seconds',
    help: 'Seconds that a worker was at one inference: of one text, or of a batch.',
    labelNames: [],
    labelSets: noLabels,
    buckets: latencyBucketsSeconds,
  },
  inferenceBatchSize: {
    type: 'histogram',
    name: 'sentiment_inference_batch_size',
    help: 'Texts inferred in one go; always 1 unless batching is on.',
    labelNames: [],
    labelSets: noLabels,
    buckets: batchSizeBuckets,
  },
  workersReady: {
    type: 'gauge',
    name: 'sentiment_workers_ready',
    help: 'Workers that can answer.',
    labelNames: [],
    labelSets: noLabels,
  },
  workersLost: {
    type: 'counter',
    name: 'sentiment_workers_lost_total',
    help: 'Workers that died or hung, and were replaced.',
    labelNames: [],
    labelSets: noLabels,
  },
  cacheLookups: {
    type: 'counter',
    name: 'sentiment_cache_lookups_total',
    help: 'Texts looked up in the cache of exact repeats; none while it is off.',
    labelNames: ['outcome'],
    labelSets: cacheOutcomes.map((outcome) => ({ outcome })),
  },
  errors: {
    type: 'counter',
    name: 'sentiment_errors_total',
    help: 'Requests for predictions or explanations that got none, by cause.',
    labelNames: ['error_type', 'endpoint'],
    labelSets: inferringEndpoints.flatMap((endpoint) =>
      errorTypes.map((error_type) => ({ error_type, endpoint })),
    ),
  },
  httpRequests: {
    type: 'counter',
    name: 'http_requests_total',
    help: 'Requests that ended; status 499 when the client was gone before the answer.',
    labelNames: ['method', 'handler', 'status'],
    labelSets: byOutcome,
  },
  httpDuration: {
    type: 'histogram',
    name: 'http_request_duration_seconds',
    help: "Seconds from a request's arrival to its answer handed over to the operating system.",
    labelNames: ['method', 'handler', 'status'],
    labelSets: byOutcome,
    buckets: latencyBucketsSeconds,
  },
  httpInProgress: {
    type: 'gauge',
    name: 'http_requests_in_progress',
    help: 'Requests that arrived and have not ended.',
    labelNames: ['method', 'handler'],
    labelSets: byMethodAndHandler,
  },
  httpRequestSize: {
    type: 'histogram',
    name: 'http_request_size_bytes',
    help: "Bytes of the request's body, as announced by Content-Length, else as read.",
    labelNames: ['handler'],
    labelSets: byHandler,
    buckets: sizeBucketsBytes,
  },
  httpResponseSize: {
    type: 'histogram',
    name: 'http_response_size_bytes',
    help: "Bytes of the answer's body.",
    labelNames: ['handler'],
    labelSets: byHandler,
    buckets: sizeBucketsBytes,
  },
  featureUses: {
    type: 'counter',
    name: 'sentiment_feature_uses_total',
    help: 'Requests that were answered as asked for, by what they made use of.',
    labelNames: ['feature'],
    labelSets: features.map((feature) => ({ feature })),
  },
  value: {
    type: 'counter',
    name: 'sentiment_value_total',
    help: 'What the predictions given were worth: texts times VALUE_PER_PREDICTION, in its unit.',
    labelNames: ['endpoint', 'variant'],
    labelSets: endpoints.flatMap((endpoint) => variants.map((variant) => ({ endpoint, variant }))),
  },
  feedback: {
    type: 'counter',
    name: 'sentiment_feedback_total',
    help: 'Predictions that somebody agreed or disagreed with, each counted once.',
    labelNames: ['agreement', 'variant'],
    labelSets: agreements.flatMap((agreement) => variants.map((variant) => ({ agreement, variant }))),
  },
  explanationWords: {
    type: 'histogram',
    name: 'sentiment_explanation_important_words',
    help: 'Words of an explained text that matter most: the fewest with half of all weight for the answer.',
    labelNames: [],
    labelSets: noLabels,
    buckets: importantWordsBuckets,
  },
  driftPredictions: {
    type: 'gauge',
    name: 'sentiment_drift_window_predictions',
    help: 'Predictions that the drift metrics look back on.',
    labelNames: [],
    labelSets: noLabels,
  },
  driftIndex: {
    type: 'gauge',
    name: 'sentiment_drift_psi',
    help: 'Population stability index of recent predictions against the reference; 0 with fewer than 100 of them.',
    labelNames: ['feature'],
    labelSets: byDriftFeature,
  },
  driftChance: {
    type: 'gauge',
    name: 'sentiment_drift_psi_chance_limit',
    help: 'What the index passes by chance alone in one of a thousand windows of this size.',
    labelNames: ['feature'],
    labelSets: byDriftFeature,
  },
  positiveRatio: {
    type: 'gauge',
    name: 'sentiment_positive_ratio',
    help: 'Share of positive ones among recent predictions.',
    labelNames: [],
    labelSets: noLabels,
  },
  positiveExpectedRatio: {
    type: 'gauge',
    name: 'sentiment_positive_expected_ratio',
    help: 'The share of positive predictions that is ordinary: of the reference, or as configured.',
    labelNames: [],
    labelSets: noLabels,
  },
} as const satisfies Record<string, MetricDefinition>;

/** Exposed beside the others while two models answer (MODEL_B_DIR). */
export const variantMetrics = {
  requests: {
    type: 'counter',
    name: 'sentiment_variant_requests_total',
    help: 'Requests for predictions that were given to a model, by how they ended.',
    labelNames: ['variant', 'outcome'],
    labelSets: variants.flatMap((variant) => variantOutcomes.map((outcome) => ({ variant, outcome }))),
  },
  predictions: {
    type: 'counter',
    name: 'sentiment_variant_predictions_total',
    help: 'Texts predicted by a model, by the sentiment given.',
    labelNames: ['variant', 'sentiment'],
    labelSets: variants.flatMap((variant) => sentiments.map((sentiment) => ({ variant, sentiment }))),
  },
  duration: {
    type: 'histogram',
    name: 'sentiment_variant_prediction_duration_seconds',
    help: "Seconds from handing a request's texts to a model to its last answer, of requests that were answered.",
    labelNames: ['variant'],
    labelSets: byVariant,
    buckets: latencyBucketsSeconds,
  },
  confidence: {
    type: 'histogram',
    name: 'sentiment_variant_confidence',
    help: 'How sure a model was of the sentiment that it gave, one observation a text.',
    labelNames: ['variant'],
    labelSets: byVariant,
    buckets: confidenceBuckets,
  },
  loaded: {
    type: 'gauge',
    name: 'sentiment_variant_model_loaded',
    help: '1 while at least one worker of the model can answer, else 0.',
    labelNames: ['variant'],
    labelSets: byVariant,
  },
  info: {
    type: 'gauge',
    name: 'sentiment_variant_model_info',
    help: '1, with what each variant is in the labels.',
    labelNames: ['variant', 'model', 'version', 'dtype'],
    labelSets: [],
  },
} as const satisfies Record<string, MetricDefinition>;
