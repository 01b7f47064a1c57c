import { edgesThatMatter, listedEdges } from '../document/edges.ts';
import type { Objective, Plan, Selected, Selection, SlaDocument } from '../model/model.ts';
import { candidateOf, responsesOf, selected, textOf, withoutOutcome } from '../prometheus/promql.ts';
import { REFRESH_METRICS } from './refresh-selectors.ts';

/** Every vector selector of a plan as data, so that no PromQL has to be parsed to learn what it selects. */

type Service = Pick<SlaDocument['service'], 'selector' | 'buckets'>;

export function selectionsOf(
  document: Service,
  objectives: readonly Objective[],
  counters: readonly (Selection | undefined)[],
): NonNullable<Plan['selections']> {
  const service = document.selector;
  const all = [
    ...PROCESS_METRICS.map((metric) => selected(service, { metric, where: {} })),
    ...REFRESH_METRICS.map((metric) => selected(service, { metric, where: {} })),
    ...counters.flatMap((counter) => (counter === undefined ? [] : [selected(service, counter)])),
    ...objectives.flatMap((objective) => selectedBy(objective, document)),
  ];
  return Object.fromEntries(all.map((one) => [textOf(one), one]));
}

const PROCESS_METRICS = ['up', 'process_start_time_seconds', 'process_cpu_seconds_total'];

function selectedBy({ measure, target }: Objective, document: Service): readonly Selected[] {
  const service = document.selector;
  switch (measure.kind) {
    case 'latency': {
      if (measure.histogram === null) return [];
      const buckets = selected(service, measure.histogram, '_bucket');
      const responses = responsesOf(buckets, edgesThatMatter(target, measure.histogram, document));
      const classic = responses === null ? [buckets] : [buckets, responses];
      if (listedEdges(document, measure.histogram.metric) !== null) return classic;
      const native = selected(service, measure.histogram);
      return [...classic, native, withoutOutcome(native)].filter((one) => one !== null);
    }
    case 'ratio': {
      const [bad, total] = [selected(service, measure.bad), selected(service, measure.total)];
      return [bad, total, candidateOf(bad, total)];
    }
    case 'success':
      return [selected(service, measure.good), selected(service, measure.total)];
    case 'throughput':
      return [selected(service, measure.counter)];
    case 'uptime':
    case 'peak':
      return [selected(service, measure.gauge)];
    case 'mean':
      return [selected(service, measure.histogram, '_sum'), selected(service, measure.histogram, '_count')];
    case 'recovery':
      return [];
    default:
      return measure satisfies never;
  }
}
