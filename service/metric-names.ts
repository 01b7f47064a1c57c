/**
 * Every metric that the service exposes in addition to prom-client's process metrics: name, help, label
 * names, all possible label sets, and bucket edges. Imports nothing, so that dashboards and tests can read
 * it.
 *
 * Prometheus cannot see an increase before a counter's first sample, so every label set listed here is
 * created with 0 at startup.
 */

export const sentiments = ['POSITIVE', 'NEGATIVE'] as const;
export type Sentiment = (typeof sentiments)[number];

/** The routes that predict, by their patterns. */
export const endpoints = ['/predict', '/predict/batch'] as const;
export type Endpoint = (typeof endpoints)[number];

/** The routes that infer, and can therefore fail at it. */
export const inferringEndpoints = [...endpoints, '/explain'] as const;
export type InferringEndpoint = (typeof inferringEndpoints)[number];

/** Which of two models responded; with one model it is always `a`. */
export const variants = ['a', 'b'] as const;
export type Variant = (typeof variants)[number];

/** The features whose use is counted. */
export const features = ['predict', 'batch', 'explain', 'feedback', 'page', 'docs'] as const;
export type Feature = (typeof features)[number];

/** Feedback on a prediction. */
export const agreements = ['agree', 'disagree'] as const;
export type Agreement = (typeof agreements)[number];

/** The features of a prediction that are compared with the reference. */
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

/** The handler label of every request without a route: an unknown URL must not create a new series. */
export const unmatchedHandler = 'unmatched';

/** A page for trying the model. */
export const pageHandler = '/';

/** The handler label of everything under `/docs`: the API page, its files, and the OpenAPI document. */
export const docsHandler = '/docs';

/** The method label of unmatched requests whose method is not in the list. */
export const otherMethod = 'OTHER';

/** The status of requests whose connection ended before the response was handed over: the client received no status. */
export const clientGoneStatus = 499;

interface RouteOutcomes {
  readonly handler: string;
  readonly methods: readonly string[];
  readonly statuses: readonly number[];
}

const predictionStatuses = [200, 400, 401, 413, 415, 429, clientGoneStatus, 500, 503, 504];

/**
 * The statuses that each route can return. A status outside the table is still counted, but its series does not exist
 * from the start.
 */
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

/** Seconds. Contains the limits of the SLA document (0.2, 0.3, 0.5, 1), and fine steps in the range of a healthy service. */
export const latencyBucketsSeconds = [
  0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4,
  0.5, 0.75, 1, 1.5, 2.5, 5, 10,
] as const;

/** A two-way classifier's confidence in its label is never below 0.5. */
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

export const noLabels: readonly LabelSet[] = [{}];

export function counter<const Name extends string>(
  name: Name,
  help: string,
  labelNames: readonly string[] = [],
  labelSets = noLabels,
) {
  return { type: 'counter', name, help, labelNames, labelSets } as const satisfies CounterDefinition;
}

export function gauge<const Name extends string>(
  name: Name,
  help: string,
  labelNames: readonly string[] = [],
  labelSets = noLabels,
) {
  return { type: 'gauge', name, help, labelNames, labelSets } as const satisfies GaugeDefinition;
}

export function histogram<const Name extends string>(
  name: Name,
  help: string,
  buckets: readonly number[],
  labelNames: readonly string[] = [],
  labelSets = noLabels,
) {
  return {
    type: 'histogram',
    name,
    help,
    labelNames,
    labelSets,
    buckets,
  } as const satisfies HistogramDefinition;
}

const byEndpoint = endpoints.map((endpoint) => ({ endpoint }));
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
  predictions: counter(
    'sentiment_predictions_total',
    'Texts predicted, by predicted sentiment.',
    ['sentiment', 'endpoint'],
    endpoints.flatMap((endpoint) => sentiments.map((sentiment) => ({ sentiment, endpoint }))),
  ),
  predictionDuration: histogram(
    'sentiment_prediction_duration_seconds',
    "Seconds from handing a request's texts to the classifier until the last prediction, including the wait in the queue.",
    latencyBucketsSeconds,
    ['endpoint'],
    byEndpoint,
  ),
  predictionConfidence: histogram(
    'sentiment_prediction_confidence',
    'Confidence of the model in the predicted sentiment, one observation per text.',
    confidenceBuckets,
    ['sentiment'],
    bySentiment,
  ),
  batchSize: histogram('sentiment_batch_size', 'Texts per valid batch request.', batchSizeBuckets),
  modelLoaded: gauge(
    'sentiment_model_loaded',
    '1 while at least one worker (of each model, if there are two) is ready, else 0.',
  ),
  modelInfo: gauge(
    'sentiment_model_info',
    'Always 1; the labels hold the name of the loaded model, its version and the data type of its weights.',
    ['model', 'version', 'dtype'],
    [],
  ),
  queueLength: gauge('sentiment_queue_length', 'Texts waiting for a worker.'),
  queueWait: histogram(
    'sentiment_queue_wait_seconds',
    'Seconds that a text waited for a worker.',
    latencyBucketsSeconds,
  ),
  inferenceDuration: histogram(
    'sentiment_inference_duration_seconds',
    'Seconds per inference, of one text or of a batch.',
    latencyBucketsSeconds,
  ),
  inferenceBatchSize: histogram(
    'sentiment_inference_batch_size',
    'Texts per inference; always 1 unless batching is on.',
    batchSizeBuckets,
  ),
  workersReady: gauge('sentiment_workers_ready', 'Workers that are ready.'),
  workersLost: counter('sentiment_workers_lost_total', 'Workers that died or hung and were replaced.'),
  cacheLookups: counter(
    'sentiment_cache_lookups_total',
    'Texts looked up in the cache; none while it is off.',
    ['outcome'],
    cacheOutcomes.map((outcome) => ({ outcome })),
  ),
  errors: counter(
    'sentiment_errors_total',
    'Failed requests for predictions or explanations, by cause.',
    ['error_type', 'endpoint'],
    inferringEndpoints.flatMap((endpoint) => errorTypes.map((error_type) => ({ error_type, endpoint }))),
  ),
  httpRequests: counter(
    'http_requests_total',
    'Requests that ended; status 499 if the client disconnected before the response.',
    ['method', 'handler', 'status'],
    byOutcome,
  ),
  httpDuration: histogram(
    'http_request_duration_seconds',
    "Seconds from a request's arrival until its response is handed to the operating system.",
    latencyBucketsSeconds,
    ['method', 'handler', 'status'],
    byOutcome,
  ),
  httpInProgress: gauge(
    'http_requests_in_progress',
    'Requests in progress.',
    ['method', 'handler'],
    byMethodAndHandler,
  ),
  httpRequestSize: histogram(
    'http_request_size_bytes',
    'Bytes of the request body, from Content-Length if given, else as read.',
    sizeBucketsBytes,
    ['handler'],
    byHandler,
  ),
  httpResponseSize: histogram(
    'http_response_size_bytes',
    'Bytes of the response body.',
    sizeBucketsBytes,
    ['handler'],
    byHandler,
  ),
  featureUses: counter(
    'sentiment_feature_uses_total',
    'Successful requests, by the feature they used.',
    ['feature'],
    features.map((feature) => ({ feature })),
  ),
  value: counter(
    'sentiment_value_total',
    'Value of the predictions: texts times VALUE_PER_PREDICTION, in its unit.',
    ['endpoint', 'variant'],
    endpoints.flatMap((endpoint) => variants.map((variant) => ({ endpoint, variant }))),
  ),
  feedback: counter(
    'sentiment_feedback_total',
    'Predictions with feedback, each counted once.',
    ['agreement', 'variant'],
    agreements.flatMap((agreement) => variants.map((variant) => ({ agreement, variant }))),
  ),
  explanationWords: histogram(
    'sentiment_explanation_important_words',
    'Number of important words in an explained text: the smallest set with half of all weight for the prediction.',
    importantWordsBuckets,
  ),
  driftPredictions: gauge(
    'sentiment_drift_window_predictions',
    'Predictions in the window of the drift metrics.',
  ),
  driftIndex: gauge(
    'sentiment_drift_psi',
    'Population stability index of recent predictions relative to the reference; 0 with fewer than 100 predictions.',
    ['feature'],
    byDriftFeature,
  ),
  driftChance: gauge(
    'sentiment_drift_psi_chance_limit',
    'Value that the index exceeds by chance in one of a thousand windows of this size.',
    ['feature'],
    byDriftFeature,
  ),
  positiveRatio: gauge('sentiment_positive_ratio', 'Share of positive predictions among recent ones.'),
  positiveExpectedRatio: gauge(
    'sentiment_positive_expected_ratio',
    'Expected share of positive predictions, from the reference or as configured.',
  ),
} as const satisfies Record<string, MetricDefinition>;
