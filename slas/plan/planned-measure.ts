import { edgesOf, edgesThatMatter, isEdge, isNative, listedEdges } from '../document/edges.ts';
import { statusPattern } from '../document/statuses.ts';
import { toSeconds } from '../document/units.ts';
import type { Limit, Objective, PlannedMeasure, Selection, SlaDocument } from '../model/model.ts';
import { responsesOf, select, selected, textOf, withoutOutcome } from '../prometheus/promql.ts';

/** The queries to Prometheus for an objective. */

export function planMeasure({ measure, target }: Objective, document: SlaDocument): PlannedMeasure {
  const service = document.service.selector;
  switch (measure.kind) {
    case 'latency':
      return {
        kind: 'latency',
        ...histogramOf(measure.histogram, target, document),
        percentile: measure.percentile,
        clientPath: measure.client ?? null,
      };
    case 'ratio':
      return {
        kind: 'ratio',
        bad: select(service, measure.bad),
        badAbsent: measure.bad.absent ?? null,
        total: select(service, measure.total),
        lost: measure.lost ?? null,
        badStatus: statusPattern(measure.bad.where),
        badLabels: Object.keys(measure.bad.where),
        totalStatus: statusPattern(measure.total.where),
      };
    case 'success':
      return {
        kind: 'success',
        good: select(service, measure.good),
        total: select(service, measure.total),
        lost: measure.lost ?? null,
        goodStatus: statusPattern(measure.good.where),
        totalStatus: statusPattern(measure.total.where),
      };
    case 'throughput':
      return {
        kind: 'throughput',
        counter: select(service, measure.counter),
        status: statusPattern(measure.counter.where),
      };
    case 'uptime':
      return { kind: 'uptime', gauge: select(service, measure.gauge) };
    case 'peak':
      return { kind: 'peak', gauge: select(service, measure.gauge), ...valuesIn(measure.gauge) };
    case 'mean':
      return {
        kind: 'mean',
        sum: select(service, measure.histogram, '_sum'),
        count: select(service, measure.histogram, '_count'),
        ...(measure.client === undefined ? {} : { clientPath: measure.client }),
        ...valuesIn(measure.histogram),
      };
    case 'recovery':
      return planRecovery(measure.of, document);
    default:
      return measure satisfies never;
  }
}

function histogramOf(histogram: Selection | null, target: Limit, document: SlaDocument) {
  if (histogram === null) return { buckets: null };
  return {
    ...bucketsOf(histogram, target, document),
    ...nativeOf(histogram, document),
    ...betweenEdges(target, histogram, document.service),
    ...valuesIn(histogram),
  };
}

/** Where the document lists edges, the buckets are classic ones. */
function nativeOf(histogram: Selection, { service }: SlaDocument) {
  if (listedEdges(service, histogram.metric) !== null) return {};
  const own = selected(service.selector, histogram);
  const responses = withoutOutcome(own);
  return {
    native: {
      histogram: textOf(own),
      ...(responses === null ? {} : { responses: textOf(responses) }),
      isDeclared: isNative(service, histogram),
    },
  };
}

/** The buckets of a histogram, and if the selection is limited to successful responses, also the buckets of all responses. */
function bucketsOf(histogram: Selection, target: Limit, { service }: SlaDocument) {
  const own = selected(service.selector, histogram, '_bucket');
  const responses = responsesOf(own, edgesThatMatter(target, histogram, service));
  const buckets = textOf(own);
  return responses === null ? { buckets } : { buckets, responses: textOf(responses) };
}

/** Set only if the limit is not one of the listed edges. */
function betweenEdges(target: Limit, histogram: Selection, service: SlaDocument['service']) {
  const around = edgesOf(target, histogram, service);
  if (around === null || isEdge(around)) return {};
  const seconds = (edge: number | null) => (edge === null ? null : toSeconds(edge, histogram.valuesIn));
  return { between: { belowSeconds: seconds(around.below), aboveSeconds: seconds(around.above) } };
}

const valuesIn = ({ valuesIn: unit }: Selection) => (unit === undefined ? {} : { valuesIn: unit });

/** A recovery refers to a latency objective with a client path; `check` has verified that it exists. */
function planRecovery(of: string, { objectives }: SlaDocument): PlannedMeasure {
  const { measure, target } = objectives.find(({ id }) => id === of)!;
  if (measure.kind !== 'latency') throw new RangeError(`objective "${of}" is not a latency`);
  const { percentile, client } = measure;
  return { kind: 'recovery', path: client!, percentile, withinSeconds: target.value };
}
