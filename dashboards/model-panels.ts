import { metrics } from '../service/metric-names.ts';
import { AGREEMENTS } from './colours.ts';
import { metric } from './metrics.ts';
import type { Panel, View } from './panel.ts';
import { increaseOf, maxOf, sumOf } from './promql.ts';

/** Shows whether requested texts still resemble the training data, and whether users agree with the predictions. */
export const modelPanels = (view: View): readonly Panel[] => [drift(view), feedback(view), value(view)];

const shared = { limits: [], objectives: [], width: 8 } as const;

const drift = (view: View): Panel => ({
  ...shared,
  id: 'drift',
  title: 'Drift of the texts',
  unit: 'share',
  drawing: 'lines',
  queries: [
    {
      expr: maxOf(metric(metrics.driftIndex.name, view.labels), 'feature'),
      legend: '{{feature}}',
      over: 'time',
    },
    {
      expr: maxOf(metric(metrics.driftChance.name, view.labels), 'feature'),
      legend: 'by chance, {{feature}}',
      over: 'time',
    },
  ],
  lookFor:
    'The population stability index of recent texts. Above the line, chance alone no longer explains it: the texts differ from the reference.',
  next: ['confidence-trend', 'sentiment-ratio'],
});

const feedback = (view: View): Panel => ({
  ...shared,
  id: 'feedback',
  title: 'Feedback',
  unit: 'count',
  drawing: 'bars',
  queries: [
    {
      expr: sumOf(increaseOf(metric(metrics.feedback.name, view.labels), view.whole), FEEDBACK),
      legend: `{{${FEEDBACK}}}`,
      over: 'window',
    },
  ],
  colours: AGREEMENTS,
  lookFor:
    'Predictions that users agreed or disagreed with. A rising share of disagreement is the most direct sign of drift.',
  next: ['drift'],
});

const FEEDBACK = metrics.feedback.labelNames[0]!;

const value = (view: View): Panel => ({
  ...shared,
  id: 'value',
  title: 'Value of the predictions (24h)',
  unit: 'count',
  drawing: 'number',
  queries: [
    {
      expr: sumOf(increaseOf(metric(metrics.value.name, view.labels), '24h')),
      legend: 'value',
      over: 'time',
    },
  ],
  lookFor: 'The number of texts multiplied by VALUE_PER_PREDICTION, in its unit.',
  next: ['volume-by-day'],
});
