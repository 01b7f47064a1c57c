import { outcomeLabels } from '../document/vocabularies.ts';
import type { Aggregate, LabelMatcher, Plan, PlannedMeasure, Selected, Selection } from '../model/model.ts';
import { selectedIn } from './stored-text.ts';

/**
 * The PromQL that verdicts are based on. Counts are read with plain vector selectors; functions are used
 * only to detect irregularities among samples that are not read. None of them extrapolates.
 */

export type Labels = Readonly<Record<string, LabelMatcher>>;

const quote = (text: string) => `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`;

/** Documents only select values that match; alerting rules also exclude values. */
export type Matcher = LabelMatcher | { readonly excludes: string };

function matcher(label: string, match: Matcher): string {
  if (typeof match === 'string') return `${label}=${quote(match)}`;
  return 'excludes' in match ? `${label}!~${quote(match.excludes)}` : `${label}=~${quote(match.matches)}`;
}

/** The label matchers of a selector: one label may have several that must all match. */
export type Matchers = Readonly<Record<string, Matcher | readonly Matcher[]>>;

const isSeveral = (match: Matchers[string]): match is readonly Matcher[] => Array.isArray(match);

/** `up{job="api"}`. Labels keep their given order. */
export function selector(metric: string, labels: Matchers): string {
  const matchers = Object.entries(labels).flatMap(([label, match]) =>
    (isSeveral(match) ? match : [match]).map((one) => matcher(label, one)),
  );
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(',')}}`;
}

/**
 * The labels that distinguish bad events from the rest: those that the total does not select in the same way.
 */
export const distinguishingLabels = (
  bad: Pick<Selected, 'where'>,
  all: Pick<Selected, 'where'>,
): readonly string[] =>
  Object.keys(bad.where).filter(
    (label) => JSON.stringify(bad.where[label]) !== JSON.stringify(all.where[label]),
  );

type Service = Readonly<Record<string, string>>;

/** A selection of the document, restricted to the service; `suffix` names the part of a histogram. */
export const selected = (
  service: Service,
  { metric, where }: Pick<Selection, 'metric' | 'where'>,
  suffix: '' | '_bucket' | '_sum' | '_count' = '',
): Selected => ({ metric: metric + suffix, where: { ...service, ...where } });

/** The vector selector of a selection. */
export const textOf = ({ metric, where }: Selected): string => selector(metric, where);

export const select = (...[service, selection, suffix]: Parameters<typeof selected>): string =>
  textOf(selected(service, selection, suffix));

/** Evaluates to the server's current time if the query has no explicit time. */
export const SERVER_TIME = 'time()';

/** Raw samples of the last `seconds`: left-open, closed at the query's time. */
export function rawSamples(vectorSelector: string, seconds: number): string {
  return `${vectorSelector}[${rangeMs(seconds)}ms]`;
}

export const rangeMs = (seconds: number) => Math.ceil(seconds * 1000);

/** The time of the last sample, as functions over samples see it. */
export const sampleTimes = (vectorSelector: string) => `timestamp(${vectorSelector})`;

/**
 * An aggregate of the samples of the last seconds; `intervalSeconds` is the longest interval between two
 * scrapes.
 */
export function aggregateOfRange(
  digest: Aggregate,
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
      // Also detects a change between the previous block and this one.
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

/** The lookback for current values: an older sample does not come from the last scrape. */
const LAST_INTERVALS = 1.5;
/** A range that always contains two scrapes and may contain three. If one scrape is missing, at least one is left. */
export const GAP_INTERVALS = 2.5;

/** A document's alerts, pending or firing: its rules label them with the document's name. */
export const alertStates = (sla: string) => selector('ALERTS', { sla });

/** The series that the rules record for each objective, whether or not an alert fires. */
export const recordedByRules = (sla: string) =>
  selector('', { __name__: { matches: 'sla:(bad_share|value):over.+' }, sla });

/** Series that are present now, or were at any time in the preceding seconds. */
export const seenWithin = (vectorSelector: string, seconds: number) =>
  `${vectorSelector} or last_over_time(${rawSamples(vectorSelector, seconds)})`;

/** The purpose for which a selector is read: counters are subtracted, other series are used scrape by scrape. */
export type Role = 'up' | 'start' | 'gauge' | 'lag' | 'refreshed' | 'counter' | 'native' | 'requests';

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
  if (plan.objectives.some(({ measure }) => nativesOf(measure).includes(vectorSelector))) return 'native';
  const isJudged = plan.objectives.some(({ measure }) => selectorsOf(measure).includes(vectorSelector));
  return isJudged ? 'counter' : 'requests';
}

/** In a downsampled window: the aggregates of each block, and of all blocks at once. */
export const AGGREGATES: Readonly<
  Record<Role, { readonly blocks: readonly Aggregate[]; readonly whole: readonly Aggregate[] }>
> = {
  up: { blocks: ['count', 'sum', 'gaps'], whole: [] },
  start: { blocks: ['changes'], whole: [] },
  gauge: { blocks: ['count', 'sum', 'min', 'max'], whole: [] },
  lag: { blocks: [], whole: ['max'] },
  // It is enough to know that these gauges exist: in a long window, a gauge with a refresh time is not judged.
  refreshed: { blocks: [], whole: ['max'] },
  counter: { blocks: ['last'], whole: ['resets', 'sum'] },
  // The sum of histograms is a histogram, not a number.
  native: { blocks: ['last'], whole: ['resets'] },
  // This counter is only reconciled with the client, so it needs no blocks.
  requests: { blocks: [], whole: ['resets', 'sum'] },
};

/** The selectors that read native histograms. */
export const nativesOf = (measure: PlannedMeasure): readonly string[] =>
  measure.kind !== 'latency' || measure.native === undefined
    ? []
    : [
        measure.native.histogram,
        ...(measure.native.responses === undefined ? [] : [measure.native.responses]),
      ];

/** The selectors that every verdict needs, each once. */
export function neededSelectorsOf(plan: Plan): readonly string[] {
  const requests = plan.requests === null ? [] : [plan.requests];
  const lag = plan.lag === null ? [] : [plan.lag];
  const cpu = plan.cpu === undefined ? [] : [plan.cpu];
  const measured = plan.objectives.flatMap(({ measure }) => [
    ...selectorsOf(measure),
    ...(measure.kind === 'latency' && measure.responses !== undefined ? [measure.responses] : []),
    ...nativesOf(measure),
  ]);
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

/**
 * Everything that is queried from Prometheus, including events that no matcher of a ratio selects. Runs of
 * early versions lack these.
 */
export function selectorsOfPlan(plan: Plan): readonly string[] {
  const candidates = plan.objectives.flatMap(({ measure }) =>
    measure.kind === 'ratio' ? [candidatesOf(measure, selectedIn(plan))] : [],
  );
  return [...new Set([...neededSelectorsOf(plan), ...candidates])];
}

/** The selection of all events that include the bad ones: the selection of bad events, without the labels that distinguish them. */
export function candidateOf(bad: Selected, all: Selected): Selected {
  const distinguishing = distinguishingLabels(bad, all);
  const rest = Object.entries(bad.where).filter(([label]) => !distinguishing.includes(label));
  return { metric: bad.metric, where: Object.fromEntries(rest) };
}

/** The vector selector of all events that include the bad ones. */
export const candidatesOf = (
  { bad, total }: PlannedMeasure & { kind: 'ratio' },
  selectedBy: (vectorSelector: string) => Selected,
): string => textOf(candidateOf(selectedBy(bad), selectedBy(total)));

/**
 * Selections of all responses of a latency, successful or not, and of those that took no longer than the limit: the latency's selection
 * without the labels that limit it to successful responses. null if it has no such labels.
 *
 * @param edges those of its buckets that matter, in their own unit; null: unknown, so all are read
 */
export function responsesOf(own: Selected, edges: readonly number[] | null): Selected | null {
  const all = withoutOutcome(own);
  if (all === null) return null;
  const le = edges === null ? {} : { le: { matches: [...edges.map(edgePattern), '\\+Inf'].join('|') } };
  return { metric: all.metric, where: { ...all.where, ...le } };
}

/** A selection without the labels that say how a request ended; null if it has no such labels. */
export function withoutOutcome({ metric, where }: Selected): Selected | null {
  const distinguishing = outcomeLabels(where);
  if (distinguishing.length === 0) return null;
  const rest = Object.entries(where).filter(([label]) => !distinguishing.includes(label));
  return { metric, where: Object.fromEntries(rest) };
}

/** The selectors that an objective's numbers come from. */
export function selectorsOf(planned: PlannedMeasure): readonly string[] {
  switch (planned.kind) {
    case 'latency':
      return planned.buckets === null ? [] : [planned.buckets];
    case 'ratio':
      return [planned.bad, planned.total];
    case 'throughput':
      return [planned.counter];
    case 'success':
      return [planned.good, planned.total];
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

/** The `le` label of a bucket in all notations that Prometheus uses (`1` or `1.0`, `1000000` or `1e+06`). */
export const edgeMatcher = (edge: number): LabelMatcher => ({ matches: edgePattern(edge) });

function edgePattern(edge: number): string {
  const texts = [String(edge), ...(Number.isInteger(edge) ? [`${edge}.0`] : []), ...exponentForm(edge)];
  return texts.map(escaped).join('|');
}

const escaped = (text: string) => text.replace(/[.+]/g, '\\$&');

/** Go uses an exponent of at least two digits from a million up and below 0.0001. */
export function exponentForm(edge: number): readonly string[] {
  const [digits, exponent] = edge.toExponential().split('e');
  const power = Number(exponent);
  if (edge === 0 || !(power >= 6 || power < -4)) return [];
  return [`${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`];
}
