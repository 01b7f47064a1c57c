import { inSeconds } from '../slas/document/units.ts';
import type { Selection, SlaDocument } from '../slas/model/model.ts';
import { distinguishingLabels } from '../slas/prometheus/promql.ts';
import { bucketsOf, idsOf, limitsOf, measureOf, objectivesOf, selected, selectionsIn } from './objectives.ts';
import type { Panel, Query, Row, View } from './panel.ts';
import { minOf, orZero, percentileOf, rateOf, shareOf, sumOf } from './promql.ts';

/** The panels of any service other than the sentiment service. They show only what its document measures. */

/** The sentiment service's own metrics, which no other service has. */
const OF_SENTIMENTS = /^sentiment_/;
export const isSentimentService = (sla: SlaDocument): boolean =>
  selectionsIn(sla).some(({ metric }) => OF_SENTIMENTS.test(metric));

export const ownRows = (sla: SlaDocument, view: View): readonly Row[] => [
  {
    title: 'Objectives',
    panels: [requestRate(sla, view), errorRate(sla, view), ...uptimes(sla, view)].flat(),
  },
  { title: 'Performance', panels: [...latencies(sla, view), ...means(sla, view)] },
];

const overTime = (expr: string, legend: string): Query => ({ expr, legend, over: 'time' });
const shared = { limits: [], objectives: [], next: [] } as const;

/** Groups requests by status if the document identifies failed requests by a label. */
function requestRate(sla: SlaDocument, view: View): readonly Panel[] {
  const ratio = measureOf(sla, 'ratio');
  const counter = sla.service.requests ?? ratio?.total;
  if (counter === undefined) return [];
  const rate = rateOf(selected(counter, view), view.step);
  const [label] = ratio === null ? [] : distinguishingLabels(ratio.bad, ratio.total);
  return [
    {
      ...shared,
      id: 'http-request-rate',
      title: label === undefined ? 'Request rate' : `Request rate by ${label}`,
      unit: 'per_second',
      drawing: 'lines',
      queries: [
        label === undefined
          ? overTime(sumOf(rate), 'requests')
          : overTime(sumOf(rate, label), `{{${label}}}`),
      ],
      limits: limitsOf(sla, 'throughput'),
      objectives: idsOf(sla, 'throughput'),
      lookFor:
        'Under load it follows the offered rate; where it falls behind, the service is at its capacity.',
      width: 12,
    },
  ];
}

function errorRate(sla: SlaDocument, view: View): readonly Panel[] {
  const ratio = measureOf(sla, 'ratio');
  if (ratio === null) return [];
  const rate = (selection: Selection) => sumOf(rateOf(selected(selection, view), view.step));
  return [
    {
      ...shared,
      id: 'error-rate',
      title: 'Error rate',
      unit: 'ratio',
      drawing: 'number',
      queries: [overTime(shareOf(orZero(rate(ratio.bad)), rate(ratio.total)), 'errors')],
      limits: limitsOf(sla, 'ratio'),
      objectives: idsOf(sla, 'ratio'),
      lookFor: 'Above the target, the service spends its error budget faster than allowed.',
      width: 12,
    },
  ];
}

const uptimes = (sla: SlaDocument, view: View): readonly Panel[] =>
  objectivesOf(sla, 'uptime').flatMap(({ id, title, measure }) =>
    measure.kind !== 'uptime'
      ? []
      : [
          {
            ...shared,
            id,
            title,
            unit: 'state' as const,
            drawing: 'state' as const,
            queries: [overTime(minOf(selected(measure.gauge, view)), id)],
            objectives: [id],
            lookFor: 'It should be 1 on every replica all the time.',
            width: 12,
          },
        ],
  );

const MEDIAN = 50;

/** The percentiles that the document has objectives for, and the median. */
function latencies(sla: SlaDocument, view: View): readonly Panel[] {
  const measure = measureOf(sla, 'latency');
  if (measure === null || measure.histogram === null) return [];
  const { histogram } = measure;
  const promised = objectivesOf(sla, 'latency').flatMap((one) =>
    one.measure.kind === 'latency' ? [one.measure.percentile] : [],
  );
  const percentiles = [...new Set([MEDIAN, ...promised])].toSorted((a, b) => a - b);
  const buckets = bucketsOf(histogram, sla, view);
  return [
    {
      ...shared,
      id: 'api-latency',
      title: `Latency ${percentiles.map((percent) => `p${percent}`).join('/')}`,
      unit: 'seconds',
      drawing: 'lines',
      queries: percentiles.map((percent) =>
        overTime(inSeconds(percentileOf(percent, buckets), histogram.valuesIn), `p${percent}`),
      ),
      limits: limitsOf(sla, 'latency'),
      objectives: idsOf(sla, 'latency'),
      lookFor:
        'If all rise together, the service is overloaded. If only the highest rises, individual requests were slow, or the process paused.',
      width: 12,
    },
  ];
}

const means = (sla: SlaDocument, view: View): readonly Panel[] =>
  objectivesOf(sla, 'mean').flatMap(({ id, title, measure }) => {
    if (measure.kind !== 'mean') return [];
    const { histogram } = measure;
    const grown = (suffix: string) => sumOf(rateOf(selected(histogram, view, suffix), view.step));
    return [
      {
        ...shared,
        id,
        title,
        unit: histogram.valuesIn === undefined ? ('share' as const) : ('seconds' as const),
        drawing: 'lines' as const,
        queries: [overTime(inSeconds(shareOf(grown('_sum'), grown('_count')), histogram.valuesIn), 'mean')],
        objectives: [id],
        lookFor: 'The mean of all observations.',
        width: 12,
      },
    ];
  });
