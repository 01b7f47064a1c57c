import type { Plan, Reading, Series } from '../model/model.ts';
import { roleOf } from '../prometheus/promql.ts';
import { belongsTo, parseValue, type TargetWindow } from './targets.ts';

/**
 * Whether a start time, or a CPU time, belongs to the process that counts requests. A target may pass on
 * the metrics of several processes, such as those of a sidecar: a series with an additional label
 * (`container="proxy"`) that the counters do not have describes another process, and proves nothing about
 * the one that counts requests.
 */
export function isOfCountingProcess(
  { labels }: Series,
  target: Pick<TargetWindow, 'labels'>,
  plan: Plan,
  readings: ReadonlyMap<string, Reading>,
): boolean {
  const own = Object.entries(labels).filter(
    ([label]) => label !== '__name__' && !(label in target.labels) && !SCOPE.test(label),
  );
  if (own.length === 0) return true;
  const counters = countersOf(target, plan, readings);
  return own.every(([label, value]) => {
    const values = counters.flatMap((one) => one.labels[label] ?? []);
    return values.length > 0 && values.every((one) => one === value);
  });
}

/** OpenTelemetry adds the name of the library that recorded a metric, which differs within one process. */
const SCOPE = /^otel_scope_/;

const countersOf = (
  target: Pick<TargetWindow, 'labels'>,
  plan: Plan,
  readings: ReadonlyMap<string, Reading>,
): readonly Series[] =>
  [...readings].flatMap(([selector, { series }]) => {
    const role = roleOf(plan, selector);
    const counts = (role === 'counter' || role === 'requests') && selector !== plan.cpu;
    return counts ? series.filter((one) => belongsTo(one, target)) : [];
  });

/** Exporters that do not know the start time write 0, and the next process also writes 0. */
const isKnown = ({ samples }: Series) => samples.some(([, text]) => parseValue(text) > 0);

/** The start times that would show a restart of the counting process. */
export const provingStarts = (
  target: Pick<TargetWindow, 'labels'>,
  plan: Plan,
  readings: ReadonlyMap<string, Reading>,
): readonly Series[] =>
  (readings.get(plan.processStart)?.series ?? []).filter(
    (one) => belongsTo(one, target) && isKnown(one) && isOfCountingProcess(one, target, plan, readings),
  );
