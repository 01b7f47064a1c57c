import { metrics, sentiments } from '../service/metric-names.ts';
import { SENTIMENTS } from './colours.ts';
import { metric } from './metrics.ts';
import type { Panel, View } from './panel.ts';
import { increaseOf, rateOf, shareOf, sumOf } from './promql.ts';

/**
 * The four queries that docs/operations.md explains, as they are typed into Prometheus. Each query is misleading in some state of the
 * service. The panels below answer the same questions reliably.
 */
export const documentedQueries = {
  'prediction-rate-5m': 'sum(rate(sentiment_predictions_total[5m]))',
  'error-percentage-5m':
    'sum(rate(sentiment_errors_total[5m])) / sum(rate(sentiment_predictions_total[5m])) * 100',
  'average-latency-5m':
    'rate(sentiment_prediction_duration_seconds_sum[5m]) / rate(sentiment_prediction_duration_seconds_count[5m])',
  'positive-share':
    'sum(sentiment_predictions_total{sentiment="POSITIVE"}) / sum(sentiment_predictions_total)',
} as const;

const RANGE = '5m';
const shared = { limits: [], objectives: [], width: 6 } as const;

/** The row for the daily review. Its ranges are fixed, so that it shows the same values as the typed queries. */
export const operatingPanels = ({ labels }: View): readonly Panel[] => {
  const predictions = metric(metrics.predictions.name, labels);
  const positives = metric(metrics.predictions.name, { ...labels, sentiment: sentiments[0] });
  const rate = (vector: string, ...by: readonly string[]) => sumOf(rateOf(vector, RANGE), ...by);
  const duration = metrics.predictionDuration.name;
  return [
    {
      ...shared,
      id: 'prediction-rate-5m',
      title: 'Predictions per second (5m)',
      unit: 'per_second',
      counts: 'predictions',
      drawing: 'number',
      queries: [{ expr: rate(predictions), legend: 'predictions', over: 'time' }],
      lookFor:
        'Texts, not requests: a batch counts each of its texts. No value means no scrape, 0 means no traffic.',
      next: ['prediction-rate', 'error-percentage-5m'],
    },
    {
      ...shared,
      id: 'error-percentage-5m',
      title: 'Errors per prediction (5m)',
      unit: 'ratio',
      drawing: 'number',
      queries: [
        {
          expr: shareOf(rate(metric(metrics.errors.name, labels)), rate(predictions)),
          legend: 'errors',
          over: 'time',
        },
      ],
      lookFor:
        'Failed requests, including invalid ones, divided by predicted texts, so it can exceed 100%. The panel Error Rate shows the objective.',
      next: ['error-types', 'error-rate'],
    },
    {
      ...shared,
      id: 'average-latency-5m',
      title: 'Mean prediction time (5m)',
      unit: 'seconds',
      drawing: 'lines',
      queries: [
        {
          expr: shareOf(
            rate(metric(`${duration}_sum`, labels), 'endpoint'),
            rate(metric(`${duration}_count`, labels), 'endpoint'),
          ),
          legend: '{{endpoint}}',
          over: 'time',
        },
      ],
      lookFor:
        'Queueing and inference, over all replicas. A mean hides slow requests: the SLA is about percentiles.',
      next: ['api-latency', 'event-loop'],
    },
    {
      ...shared,
      id: 'positive-share',
      title: 'Share of positive predictions',
      unit: 'ratio',
      drawing: 'lines',
      queries: [
        { expr: shareOf(sumOf(positives), sumOf(predictions)), legend: SINCE_START, over: 'time' },
        {
          expr: shareOf(sumOf(increaseOf(positives, '1h')), sumOf(increaseOf(predictions, '1h'))),
          legend: 'last hour',
          over: 'time',
        },
      ],
      colours: { [SINCE_START]: SENTIMENTS[sentiments[0]]! },
      lookFor:
        'Since the processes started, and in the last hour. After days of uptime, only the last hour shows a change in the texts.',
      next: ['sentiment-ratio', 'drift'],
    },
  ];
};

const SINCE_START = 'since the start';
