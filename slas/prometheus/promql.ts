import type { Digest, LabelMatcher, Plan, PlannedMeasure, Selection } from '../model/model.ts';

/**
 * The only file that writes PromQL. What is counted is read by plain vector selectors; functions only tell whether there is
 * trouble among samples that are not read. None extrapolates.
 */

export type Labels = Readonly<Record<string, LabelMatcher>>;

const quote = (text: string) => `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;

const matcher = (label: string, match: LabelMatcher) =>
  typeof match === 'string' ? `${label}=${quote(match)}` : `${label}=~${quote(match.matches)}`;

/** What a selector asks of labels: of one label several matchers may have to hold at once. */
export type Matchers = Readonly<Record<string, LabelMatcher | readonly LabelMatcher[]>>;

const isSeveral = (match: Matchers[string]): match is readonly LabelMatcher[] => Array.isArray(match);

/** `up{job="api"}`. Labels keep the order in which they are given. */
export function selector(metric: string, labels: Matchers): string {
  const matchers = Object.entries(labels).flatMap(([label, match]) =>
    (isSeveral(match) ? match : [match]).map((one) => matcher(label, one)),
  );
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(',')}}`;
}

/** What a vector selector asks for. */
export interface Selected {
  readonly metric: string;
  readonly where: Labels;
}

/** Reads what `selector` wrote. */
export function readSelector(vectorSelector: string): Selected {
  const [, metric = '', matchers = ''] = /^([^{]*)(?:\{(.*)\})?$/s.exec(vectorSelector)!;
  const where = [...matchers.matchAll(/(\w+)(=~|=)"((?:[^"\\]|\\.)*)"/gs)].map(([, label, how, quoted]) => {
    const text = quoted!.replace(/\\(.)/gs, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    return [label!, how === '=' ? text : { matches: text }] as const;
  });
  return { metric, where: Object.fromEntries(where) };
}

/** The labels that tell bad events from the others: those that the total does not ask for in the same way. */
export const tellingLabels = (
  bad: Pick<Selected, 'where'>,
  all: Pick<Selected, 'where'>,
): readonly string[] =>
  Object.keys(bad.where).filter(
    (label) => JSON.stringify(bad.where[label]) !== JSON.stringify(all.where[label]),
  );

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

/** When the last sample was taken, as a function over samples sees it. */
export const sampleTimes = (vectorSelector: string) => `timestamp(${vectorSelector})`;

/** A digest of the samples of the last so many seconds; `intervalSeconds` is the longest between two scrapes. */
export function digestOfRange(
  digest: Digest,
  vectorSelector: string,
  seconds: number,
  intervalSeconds: number,
): string {
  const milliseconds = (of: number) => `${Math.ceil(of * 1000)}ms`;
  const range = `${vectorSelector}[${milliseconds(seconds)}]`;
  switch (digest) {
    case 'last':
      return `last_over_time(${vectorSelector}[${milliseconds(LAST_INTERVALS * intervalSeconds)}])`;
    case 'gaps': {
      const around = `${vectorSelector}[${milliseconds(GAP_INTERVALS * intervalSeconds)}]`;
      const step = milliseconds(intervalSeconds / 2);
      return `min_over_time(count_over_time(${around})[${milliseconds(seconds)}:${step}])`;
    }
    case 'changes':
      // What changed between the block before and this one, too.
      return `changes(${vectorSelector}[${milliseconds(seconds + 2 * intervalSeconds)}])`;
    case 'resets':
      return `resets(${range})`;
    case 'count':
    case 'sum':
    case 'min':
    case 'max':
      return `${digest}_over_time(${range})`;
    default:
      return digest satisfies never;
  }
}

/** A sample that is older is not that of the last scrape. */
const LAST_INTERVALS = 1.5;
/** The range in which two scrapes are sure to be, and three may: one that is missing leaves one. */
export const GAP_INTERVALS = 2.5;

/** The alerts of a document, pending or firing: its rules label them with its name. */
export const alertStates = (sla: string) => selector('ALERTS', { sla });

/** What the rules record of each objective: there whether anything fires or not. */
export const recordedByRules = (sla: string) =>
  selector('', { __name__: { matches: 'sla:(bad_share|value):over.+' }, sla });

/** There at the moment, or at any in the seconds before it. */
export const seenWithin = (vectorSelector: string, seconds: number) =>
  `${vectorSelector} or last_over_time(${rawSamples(vectorSelector, seconds)})`;

/** What a selector is read for: counters are subtracted, the others are looked at scrape by scrape. */
export type Role = 'up' | 'start' | 'gauge' | 'lag' | 'refreshed' | 'counter' | 'requests';

export function roleOf(plan: Plan, vectorSelector: string): Role {
  if (vectorSelector === plan.up) return 'up';
  if (vectorSelector === plan.processStart) return 'start';
  if (vectorSelector === plan.lag) return 'lag';
  if (plan.refreshed?.includes(vectorSelector)) return 'refreshed';
  const isGauge = plan.objectives.some(
    ({ measure }) =>
      (measure.kind === 'uptime' || measure.kind === 'peak') && measure.gauge === vectorSelector,
  );
  if (isGauge) return 'gauge';
  const isJudged = plan.objectives.some(({ measure }) => selectorsOf(measure).includes(vectorSelector));
  return isJudged ? 'counter' : 'requests';
}

/** Of a window that is thinned: what is asked of each block, and of all blocks at once. */
export const DIGESTS: Readonly<
  Record<Role, { readonly blocks: readonly Digest[]; readonly whole: readonly Digest[] }>
> = {
  up: { blocks: ['count', 'sum', 'gaps'], whole: [] },
  start: { blocks: ['changes'], whole: [] },
  gauge: { blocks: ['count', 'sum', 'min', 'max'], whole: [] },
  lag: { blocks: [], whole: ['max'] },
  // That there are any is enough to know: of a long window such a gauge is not judged.
  refreshed: { blocks: [], whole: ['max'] },
  counter: { blocks: ['last'], whole: ['resets', 'sum'] },
  // Reconciled with the client, and nothing else: its blocks are of no use.
  requests: { blocks: [], whole: ['resets', 'sum'] },
};

/** What no verdict can do without, each once. */
export function neededSelectorsOf(plan: Plan): readonly string[] {
  const requests = plan.requests === null ? [] : [plan.requests];
  const lag = plan.lag === null ? [] : [plan.lag];
  const cpu = plan.cpu === undefined ? [] : [plan.cpu];
  const measured = plan.objectives.flatMap(({ measure }) => selectorsOf(measure));
  return [
    ...new Set([
      plan.up,
      plan.processStart,
      ...requests,
      ...lag,
      ...cpu,
      ...measured,
      ...(plan.refreshed ?? []),
    ]),
  ];
}

/** Everything that Prometheus is asked for: also events that no matcher of a ratio may claim. Runs that were stored earlier lack these. */
export function selectorsOfPlan(plan: Plan): readonly string[] {
  const candidates = plan.objectives.flatMap(({ measure }) =>
    measure.kind === 'ratio' ? [candidatesOf(measure)] : [],
  );
  return [...new Set([...neededSelectorsOf(plan), ...candidates])];
}

/** All events that bad ones are taken from: their selector without the labels that tell them from the others. */
export function candidatesOf(planned: PlannedMeasure & { kind: 'ratio' }): string {
  const [bad, all] = [readSelector(planned.bad), readSelector(planned.total)];
  const telling = tellingLabels(bad, all);
  const rest = Object.entries(bad.where).filter(([label]) => !telling.includes(label));
  return selector(bad.metric, Object.fromEntries(rest));
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
    case 'peak':
      return [planned.gauge];
    case 'mean':
      return [planned.sum, planned.count];
    case 'recovery':
      return [];
    default:
      return planned satisfies never;
  }
}

// ---------------------------------------------------------------------------------------------- for looking

/**
 * What dashboards draw: functions that extrapolate at the edges of their range, so never a verdict's numbers. A `range` is
 * as in PromQL, `5s`, or a variable of Grafana.
 */
export const rateOf = (vector: string, range: string) => `rate(${vector}[${range}])`;
export const increaseOf = (vector: string, range: string) => `increase(${vector}[${range}])`;

const grouped = (operator: string, vector: string, by: readonly string[]) =>
  by.length === 0 ? `${operator}(${vector})` : `${operator} by (${by.join(', ')}) (${vector})`;

export const sumOf = (vector: string, ...by: readonly string[]) => grouped('sum', vector, by);
export const leastOf = (vector: string, ...by: readonly string[]) => grouped('min', vector, by);
export const greatestOf = (vector: string, ...by: readonly string[]) => grouped('max', vector, by);

/** A part of a whole; nothing, rather than NaN, where the whole is 0. */
export const shareOf = (part: string, whole: string) => `${part} / (${whole} > 0)`;

/** Where there is no such series, 0. */
export const orZero = (vector: string) => `(${vector} or vector(0))`;

/** Of buckets that are summed by `le`; nothing, rather than NaN, where nothing was observed (NaN is not >= 0). */
export const percentileOf = (percent: number, buckets: string) =>
  `histogram_quantile(${Number((percent / 100).toPrecision(6))}, ${buckets}) >= 0`;

/** The least value of each series in a range that ends at the moment. */
export const leastWithin = (vector: string, range: string) => `min_over_time(${vector}[${range}])`;
/** The greatest. */
export const greatestWithin = (vector: string, range: string) => `max_over_time(${vector}[${range}])`;

/** Only series whose counterpart by a label is over 0: a legend of series that are 0 throughout hides the others. */
export const whereSeen = (vector: string, seen: string, label: string) =>
  `(${vector}) and on (${label}) (${seen} > 0)`;

/**
 * The greatest value that an expression had in a range, looked at in steps; its present value where that is shorter than a step. The
 * expression looks back over a step or more itself: what happens between two looks would be missed.
 */
export const peakOf = (vector: string, range: string, step: string) =>
  `max_over_time((${vector})[${range}:${step}]) or (${vector})`;

/** The mean of an expression over a range, in the same way. */
export const meanOver = (vector: string, range: string, step: string) =>
  `avg_over_time((${vector})[${range}:${step}]) or (${vector})`;

/** One series a value: `time` is `hour` or `day_of_week`, of the middle of the hour that has just passed. */
const calendar = (label: string, time: string) => `count_values("${label}", ${time}(vector(time() - 1800)))`;

/** A single value, labelled with the weekday (0 is Sunday) and the hour (UTC) at which it was. */
export const byWeekdayAndHour = (vector: string) =>
  `${vector} * on() group_right() (${calendar('weekday', 'day_of_week')} * on() group_right(weekday) ${calendar('hour', 'hour')})`;

/** How many steps of a range an expression had a value at: one that is filtered by a comparison, how often it held. */
export const stepsOf = (vector: string, range: string, step: string) =>
  orZero(`count_over_time((${vector})[${range}:${step}])`);

/** The label `le` of a bucket, however Prometheus writes the number (`1` or `1.0`, `1000000` or `1e+06`). */
export const edgeMatcher = (edge: number): LabelMatcher => {
  const texts = [String(edge), ...(Number.isInteger(edge) ? [`${edge}.0`] : []), ...exponentForm(edge)];
  return { matches: texts.map(escaped).join('|') };
};

const escaped = (text: string) => text.replace(/[.+]/g, '\\$&');

/** Go writes an exponent, of two digits at least, from a million on and below a ten-thousandth. */
export function exponentForm(edge: number): readonly string[] {
  const [digits, exponent] = edge.toExponential().split('e');
  const power = Number(exponent);
  if (edge === 0 || !(power >= 6 || power < -4)) return [];
  return [`${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`];
}
