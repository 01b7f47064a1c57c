import { batchSizeBuckets, confidenceBuckets, metrics } from '../service/metric-names.ts';
import { inSeconds } from '../slas/document/units.ts';
import type { Selection, SlaDocument } from '../slas/model/model.ts';
import { ERROR_TYPES, PERCENTILES as PERCENTILE_COLOURS, SENTIMENTS } from './colours.ts';
import { metric } from './metrics.ts';
import { bucketsOf, idsOf, limitsOf, measureOf, objectivesOf, selected } from './objectives.ts';
import type { Panel, Query, Row, View } from './panel.ts';
import { increaseOf, minOf, orZero, percentileOf, rateOf, shareOf, sumOf } from './promql.ts';

/** The first three rows of the main dashboard and of the report. Each panel is defined once for both. */
export const mainRows = (sla: SlaDocument, view: View): readonly Row[] => [
  {
    title: 'Overview',
    panels: [totalPredictions(view), predictionRate(sla, view), modelStatus(sla, view), errorRate(sla, view)],
  },
  {
    title: 'Prediction Analytics',
    panels: [
      predictionsBySentiment(view),
      sentimentDistribution(view),
      confidenceDistribution(view),
      batchSizes(view),
    ],
  },
  {
    title: 'Performance Metrics',
    panels: [apiLatency(sla, view), requestRate(sla, view), averageConfidence(sla, view), errorTypes(view)],
  },
];

const overTime = (expr: string, legend: string, exemplars = false): Query => ({
  expr,
  legend,
  over: 'time',
  ...(exemplars ? { exemplars: true } : {}),
});
const overWindow = (expr: string, legend: string): Query => ({ expr, legend, over: 'window' });

/** Labels of a metric that has a label `endpoint` or `handler`, narrowed to the endpoints that the view selects. */
const at = (name: 'endpoint' | 'handler', { labels, endpoint }: View) =>
  endpoint === null ? labels : { ...labels, [name]: endpoint };

const predictions = (view: View) => metric(metrics.predictions.name, at('endpoint', view));

// ---------------------------------------------------------------------------------------------- overview

const totalPredictions = (view: View): Panel => ({
  id: 'total-predictions',
  title: 'Total Predictions (24h)',
  unit: 'count',
  drawing: 'number',
  queries: [overTime(sumOf(increaseOf(predictions(view), '24h')), 'predictions')],
  limits: [],
  objectives: [],
  lookFor: 'A flat line means steady traffic. A drop means that a busy period is now more than 24 hours ago.',
  next: ['prediction-rate', 'volume-by-day'],
  width: 6,
});

const predictionRate = (sla: SlaDocument, view: View): Panel => ({
  id: 'prediction-rate',
  title: 'Prediction Rate',
  unit: 'per_second',
  counts: 'predictions',
  drawing: 'number',
  queries: [overTime(sumOf(rateOf(predictions(view), view.step)), 'predictions')],
  limits: limitsOf(sla, 'throughput'),
  objectives: idsOf(sla, 'throughput'),
  lookFor:
    'Texts per second. Under load it follows the offered rate; where it falls behind, the service is at its capacity.',
  next: ['http-request-rate', 'error-rate'],
  width: 6,
});

function modelStatus(sla: SlaDocument, view: View): Panel {
  const gauge = measureOf(sla, 'uptime')?.gauge;
  const loaded = gauge === undefined ? metric(metrics.modelLoaded.name, view.labels) : selected(gauge, view);
  return {
    id: 'model-status',
    title: 'Model Status',
    unit: 'state',
    drawing: 'state',
    queries: [overTime(minOf(loaded), 'model')],
    limits: limitsOf(sla, 'uptime'),
    objectives: idsOf(sla, 'uptime'),
    lookFor:
      'The model should be loaded on every replica at all times. While it is not, the service responds with 503.',
    next: ['error-types', 'error-rate'],
    width: 6,
  };
}

function errorRate(sla: SlaDocument, view: View): Panel {
  const measure = measureOf(sla, 'ratio');
  const [bad, total] =
    measure === null
      ? [httpRequests(view, '5..'), httpRequests(view, '.+')]
      : [selected(measure.bad, view), selected(measure.total, view)];
  const share = shareOf(orZero(sumOf(rateOf(bad, view.step))), sumOf(rateOf(total, view.step)));
  return {
    id: 'error-rate',
    title: 'Error Rate',
    unit: 'ratio',
    drawing: 'number',
    queries: [overTime(share, 'errors')],
    limits: limitsOf(sla, 'ratio'),
    objectives: idsOf(sla, 'ratio'),
    lookFor:
      'Above the target, the service spends its error budget faster than allowed. The error types show why: overload, timeouts or the model.',
    next: ['error-types', 'api-latency'],
    width: 6,
  };
}

const httpRequests = (view: View, status: string) =>
  metric(metrics.httpRequests.name, { ...at('handler', view), status: { matches: status } });

// ---------------------------------------------------------------------------------------------- analytics

const predictionsBySentiment = (view: View): Panel => ({
  id: 'predictions-by-sentiment',
  title: 'Predictions by Sentiment',
  unit: 'per_second',
  counts: 'predictions',
  drawing: 'stacked',
  queries: [overTime(sumOf(rateOf(predictions(view), view.step), 'sentiment'), '{{sentiment}}')],
  colours: SENTIMENTS,
  limits: [],
  objectives: [],
  lookFor: 'If the mix changes while the rate does not, the texts changed or the model did.',
  next: ['sentiment-distribution', 'confidence-distribution'],
  width: 6,
});

const sentimentDistribution = (view: View): Panel => ({
  id: 'sentiment-distribution',
  title: 'Sentiment Distribution',
  unit: 'count',
  drawing: 'pie',
  queries: [overWindow(sumOf(increaseOf(predictions(view), view.whole), 'sentiment'), '{{sentiment}}')],
  colours: SENTIMENTS,
  limits: [],
  objectives: [],
  lookFor: 'Look for a single sentiment, or a mix that differs from its 7-day mean by more than 10 points.',
  next: ['predictions-by-sentiment', 'sentiment-ratio'],
  width: 6,
});

const confidenceDistribution = (view: View): Panel => ({
  id: 'confidence-distribution',
  title: 'Confidence Distribution',
  unit: 'share',
  drawing: 'heat',
  queries: [
    overTime(
      sumOf(increaseOf(metric(`${metrics.predictionConfidence.name}_bucket`, view.labels), view.step), 'le'),
      '{{le}}',
    ),
  ],
  limits: [],
  objectives: [],
  lookFor: `Most predictions should be near ${confidenceBuckets.at(-2)}. If predictions near ${confidenceBuckets[0]} become more frequent, the model is guessing.`,
  next: ['average-confidence', 'predictions-by-sentiment'],
  width: 6,
});

const batchSizes = (view: View): Panel => ({
  id: 'batch-sizes',
  title: 'Batch Sizes',
  unit: 'count',
  drawing: 'histogram',
  queries: [
    overWindow(
      sumOf(increaseOf(metric(`${metrics.batchSize.name}_bucket`, view.labels), view.whole), 'le'),
      '{{le}}',
    ),
  ],
  limits: [],
  objectives: [],
  lookFor: `Batch requests by their number of texts, up to ${batchSizeBuckets.at(-1)}. Larger batches keep a worker busy for longer: compare with the latency.`,
  next: ['api-latency', 'prediction-rate'],
  width: 6,
});

// ---------------------------------------------------------------------------------------------- performance

const GOOD: Selection = { metric: metrics.httpDuration.name, where: { status: { matches: '2..' } } };
const PERCENTILES = [50, 95, 99];

function apiLatency(sla: SlaDocument, view: View): Panel {
  const histogram = measureOf(sla, 'latency')?.histogram ?? GOOD;
  const buckets = bucketsOf(histogram, sla, view);
  return {
    id: 'api-latency',
    title: `API Latency ${PERCENTILES.map((percent) => `p${percent}`).join('/')}`,
    unit: 'seconds',
    drawing: 'lines',
    queries: PERCENTILES.map((percent) =>
      overTime(inSeconds(percentileOf(percent, buckets), histogram.valuesIn), `p${percent}`, true),
    ),
    colours: PERCENTILE_COLOURS,
    limits: limitsOf(sla, 'latency'),
    objectives: idsOf(sla, 'latency'),
    lookFor:
      'Successful responses only. If all three rise together, the service is overloaded. If only p99 rises, individual requests were slow, or the process paused.',
    next: ['http-request-rate', 'cpu', 'event-loop'],
    width: 12,
  };
}

const allRequests = (view: View) => metric(metrics.httpRequests.name, at('handler', view));

const requestRate = (sla: SlaDocument, view: View): Panel => ({
  id: 'http-request-rate',
  title: 'HTTP Request Rate by endpoint',
  unit: 'per_second',
  drawing: 'lines',
  queries: [
    {
      ...overTime(sumOf(rateOf(allRequests(view), view.step), 'handler'), '{{handler}}'),
      seen: { expr: sumOf(increaseOf(allRequests(view), view.whole), 'handler'), label: 'handler' },
    },
  ],
  limits: objectivesOf(sla, 'throughput').length === 0 ? [] : limitsOf(sla, 'throughput'),
  objectives: [],
  lookFor: 'Requests per second by endpoint. Requests that match no route are "unmatched".',
  next: ['api-latency', 'error-rate'],
  width: 12,
});

function averageConfidence(sla: SlaDocument, view: View): Panel {
  const histogram = measureOf(sla, 'mean')?.histogram ?? {
    metric: metrics.predictionConfidence.name,
    where: {},
  };
  const grown = (suffix: string) =>
    sumOf(increaseOf(selected(histogram, view, suffix), view.whole), 'sentiment');
  return {
    id: 'average-confidence',
    title: 'Average Confidence',
    unit: 'share',
    drawing: 'gauges',
    queries: [overWindow(shareOf(grown('_sum'), grown('_count')), '{{sentiment}}')],
    limits: limitsOf(sla, 'mean'),
    objectives: idsOf(sla, 'mean'),
    lookFor:
      'The mean for each sentiment; the objective covers both together. If one is far below the other, texts with that sentiment have drifted.',
    next: ['confidence-distribution', 'confidence-trend'],
    width: 12,
  };
}

const errorTypes = (view: View): Panel => ({
  id: 'error-types',
  title: 'Error Types',
  unit: 'count',
  drawing: 'bars',
  queries: [
    overWindow(
      sumOf(increaseOf(metric(metrics.errors.name, at('endpoint', view)), view.whole), 'error_type'),
      '{{error_type}}',
    ),
  ],
  colours: ERROR_TYPES,
  limits: [],
  objectives: [],
  lookFor:
    'overloaded and timeout mean too little capacity, inference_error means that the model failed, and invalid_input that clients sent invalid requests.',
  next: ['error-rate', 'api-latency'],
  width: 12,
});
