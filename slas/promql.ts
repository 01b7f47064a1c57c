import type { LabelMatcher, Plan, PlannedMeasure, Selection } from './model.ts';

/** The only file that writes PromQL. Everything here is a plain vector selector: no function that extrapolates. */

export type Labels = Readonly<Record<string, LabelMatcher>>;

const quote = (text: string) => `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;

const matcher = (label: string, match: LabelMatcher) =>
  typeof match === 'string' ? `${label}=${quote(match)}` : `${label}=~${quote(match.matches)}`;

/** `up{job="api"}`. Labels keep the order in which they are given. */
export function selector(metric: string, labels: Labels): string {
  const matchers = Object.entries(labels).map(([label, match]) => matcher(label, match));
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(',')}}`;
}

/** A selection of the document, narrowed to the service; `suffix` names the part of a histogram. */
export function select(
  service: Readonly<Record<string, string>>,
  selection: Selection,
  suffix: '' | '_bucket' | '_sum' | '_count' = '',
): string {
  return selector(selection.metric + suffix, { ...service, ...selection.where });
}

/** What the server's clock says, where the query has no time of its own. */
export const SERVER_TIME = 'time()';

/** Raw samples of the last `seconds`: left-open, closed at the time of the query. */
export function rawSamples(vectorSelector: string, seconds: number): string {
  return `${vectorSelector}[${Math.ceil(seconds * 1000)}ms]`;
}

/** Everything that Prometheus is asked for, each once. */
export function selectorsOfPlan(plan: Plan): readonly string[] {
  const requests = plan.requests === null ? [] : [plan.requests];
  const lag = plan.lag === null ? [] : [plan.lag];
  const measured = plan.objectives.flatMap(({ measure }) => selectorsOf(measure));
  return [...new Set([plan.up, plan.processStart, ...requests, ...lag, ...measured])];
}

/** The selectors that an objective's numbers come from. */
export function selectorsOf(planned: PlannedMeasure): readonly string[] {
  switch (planned.kind) {
    case 'latency':
      return [planned.buckets];
    case 'ratio':
      return [planned.bad, planned.total];
    case 'throughput':
      return [planned.counter];
    case 'uptime':
      return [planned.gauge];
    case 'mean':
      return [planned.sum, planned.count];
    default:
      return planned satisfies never;
  }
}
