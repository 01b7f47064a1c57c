import { metrics, sentiments } from '../service/metric-names.ts';
import type { SlaDocument } from '../slas/model/model.ts';
import { SENTIMENTS } from './colours.ts';
import { cpu, eventLoop, memory } from './load-panels.ts';
import { metric } from './metrics.ts';
import { limitsOf } from './objectives.ts';
import type { Panel, View } from './panel.ts';
import { byWeekdayAndHour, increaseOf, meanOver, peakOf, rateOf, shareOf, sumOf } from './promql.ts';

/** Panels that cover days and weeks. */
export const businessPanels = (sla: SlaDocument, view: View): readonly Panel[] => [
  volume(view, 'day', '1d'),
  volume(view, 'week', '7d'),
  sentimentRatio(view),
  confidenceTrend(sla, view),
  peakLoad(view),
  { ...cpu(view), width: 8 },
  { ...memory(view), width: 8 },
  { ...eventLoop(view), width: 8 },
];

const predictions = ({ labels }: View) => metric(metrics.predictions.name, labels);

const volume = (view: View, what: 'day' | 'week', range: string): Panel => ({
  id: `volume-by-${what}`,
  title: `Prediction volume by ${what}`,
  unit: 'count',
  drawing: 'lines',
  queries: [
    {
      expr: sumOf(increaseOf(predictions(view), range), 'sentiment'),
      legend: '{{sentiment}}',
      over: 'time',
    },
  ],
  colours: SENTIMENTS,
  limits: [],
  objectives: [],
  lookFor: `Texts predicted in the ${what} up to each point in time. It shows growth, and unusual ${what}s.`,
  next: ['peak-load', 'sentiment-ratio'],
  width: 12,
});

const POINTS = 0.1;

function sentimentRatio(view: View): Panel {
  const positive = metric(metrics.predictions.name, { ...view.labels, sentiment: sentiments[0] });
  const hourly = shareOf(sumOf(increaseOf(positive, '1h')), sumOf(increaseOf(predictions(view), '1h')));
  const weekMean = meanOver(hourly, '7d', '1h');
  const positives = `${sentiments[0].toLowerCase()}, last hour`;
  const band = { upper: '7-day mean + 10 points', lower: '7-day mean - 10 points' };
  const query = (expr: string, legend: string) => ({ expr, legend, over: 'time' }) as const;
  return {
    id: 'sentiment-ratio',
    title: 'Sentiment ratio and the band around its 7-day mean',
    unit: 'ratio',
    drawing: 'lines',
    queries: [
      query(hourly, positives),
      query(`(${weekMean}) + ${POINTS}`, band.upper),
      query(`(${weekMean}) - ${POINTS}`, band.lower),
    ],
    band,
    colours: { [positives]: SENTIMENTS[sentiments[0]]! },
    limits: [],
    objectives: [],
    lookFor:
      'The share of positive texts, with a band of 10 points around its 7-day mean. A value outside the band means that the texts or the model changed.',
    next: ['sentiment-distribution', 'confidence-trend'],
    width: 12,
  };
}

function confidenceTrend(sla: SlaDocument, view: View): Panel {
  const name = metrics.predictionConfidence.name;
  const mean = (range: string) =>
    shareOf(
      sumOf(increaseOf(metric(`${name}_sum`, view.labels), range)),
      sumOf(increaseOf(metric(`${name}_count`, view.labels), range)),
    );
  return {
    id: 'confidence-trend',
    title: 'Confidence trend',
    unit: 'share',
    drawing: 'lines',
    queries: [
      { expr: mean('1h'), legend: 'last hour', over: 'time' },
      { expr: mean('1d'), legend: 'last day', over: 'time' },
    ],
    limits: limitsOf(sla, 'mean'),
    objectives: [],
    lookFor:
      "A slow decline over days means that the texts are drifting away from the model's training data.",
    next: ['average-confidence', 'confidence-distribution'],
    width: 12,
  };
}

const peakLoad = (view: View): Panel => ({
  id: 'peak-load',
  title: 'Peak load by hour and weekday',
  unit: 'per_second',
  counts: 'predictions',
  drawing: 'matrix',
  queries: [
    {
      expr: peakOf(byWeekdayAndHour(sumOf(rateOf(predictions(view), '1h'))), '28d', '1h'),
      legend: '{{weekday}} {{hour}}',
      over: 'window',
    },
  ],
  limits: [],
  objectives: [],
  lookFor:
    'Predictions per second in each hour of the week (UTC): the highest of four weeks. It shows how much capacity is needed, and when to deploy.',
  next: ['volume-by-week', 'cpu'],
  width: 24,
});
