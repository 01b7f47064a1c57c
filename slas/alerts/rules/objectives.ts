import { isNative, watchedEdge } from '../../document/edges.ts';
import { toSeconds } from '../../document/units.ts';
import { isRatio, isShareOfEvents } from '../../model/kinds.ts';
import type {
  AlertSeverity,
  Comparison,
  Limit,
  Measure,
  Objective,
  Selection,
  SlaDocument,
} from '../../model/model.ts';
import { selector } from '../../prometheus/promql.ts';
import { formatValue } from '../../render/numbers.ts';
import { budgetOf } from '../../statistics/statistics.ts';
import {
  downShare,
  errorShare,
  failedShare,
  highest,
  numberOf,
  opposite,
  perSecond,
  promDuration,
  slowShare,
  slowShareOfNative,
} from './promql.ts';
import { type Rule, type RuleContext, runbookOf } from './rule.ts';

/** Both thresholds of each objective: recording rules, and the alerts on them. */

export type Threshold = 'target' | 'alert';

export const thresholdsOf = ({ alert }: Objective): readonly Threshold[] =>
  alert === undefined ? ['target'] : ['target', 'alert'];

export function objectiveRules(objective: Objective, context: RuleContext): readonly Rule[] {
  const thresholds = thresholdsOf(objective);
  return [
    ...thresholds.map((threshold) => recorded(objective, threshold, context, context.windowSeconds)),
    ...thresholds.map((threshold) => alerting(objective, threshold, context)),
  ];
}

/** The recorded value of an objective: a share of bad events, or a value. */
export const recordName = ({ measure }: Objective, windowSeconds: number): string =>
  `sla:${isShare(measure) ? 'bad_share' : 'value'}:over${promDuration(windowSeconds)}`;

export const isShare = (measure: Measure): boolean => isShareOfEvents(measure) || measure.kind === 'uptime';

export function recorded(
  objective: Objective,
  threshold: Threshold,
  { document }: RuleContext,
  windowSeconds: number,
): Rule {
  return {
    record: recordName(objective, windowSeconds),
    expr: measured(objective, threshold, document, windowSeconds),
    labels: { sla: document.name, objective: objective.id, threshold },
  };
}

const limitOf = ({ target, alert }: Objective, threshold: Threshold): Limit =>
  threshold === 'target' ? target : alert!;

function measured(
  objective: Objective,
  threshold: Threshold,
  document: SlaDocument,
  windowSeconds: number,
): string {
  const { selector: service } = document.service;
  const window = promDuration(windowSeconds);
  const { measure } = objective;
  switch (measure.kind) {
    case 'latency': {
      const histogram = histogramOf(objective);
      const edge = watchedEdge(limitOf(objective, threshold), histogram, document.service);
      return isNative(document.service, histogram)
        ? slowShareOfNative(service, histogram, edge, window)
        : slowShare(service, histogram, edge, window);
    }
    case 'ratio':
      return errorShare(service, measure.bad, measure.total, window);
    case 'success':
      return failedShare(service, measure.good, measure.total, window);
    case 'uptime':
      return downShare(service, measure.gauge, window);
    case 'throughput':
    case 'mean':
      return numberOf(measure, service, window, windowSeconds);
    case 'peak':
      return highest(service, measure.gauge, window);
    case 'recovery':
      throw new RangeError(`objective "${objective.id}" is a recovery, which no rule can monitor`);
    default:
      return measure satisfies never;
  }
}

function histogramOf({ id, measure }: Objective): Selection {
  const histogram = measure.kind === 'latency' ? measure.histogram : null;
  if (histogram === null)
    throw new RangeError(`objective "${id}" has no histogram, so no rule can monitor it`);
  return histogram;
}

/** The recorded series of one objective. */
export const recordedSeries = (
  objective: Objective,
  threshold: Threshold,
  { document }: RuleContext,
  windowSeconds: number,
): string =>
  selector(recordName(objective, windowSeconds), { sla: document.name, objective: objective.id, threshold });

function alerting(objective: Objective, threshold: Threshold, context: RuleContext): Rule {
  const { name, severity } = thresholdAlertOf(objective, threshold, context.document);
  const { comparison, value } = breach(objective, threshold);
  const series = recordedSeries(objective, threshold, context, context.windowSeconds);
  return {
    alert: name,
    expr: `${series} ${comparison} ${value}${demand(objective, threshold, context)}`,
    for: context.forText(severity),
    labels: { severity },
    annotations: {
      summary: summaryOf(objective, threshold, context),
      ...runbookOf(context.document, alertOf(objective, context.document).name),
    },
  };
}

/** The alert on one threshold: missing the SLO target alone is a warning, and does not page the operator. */
export function thresholdAlertOf(
  objective: Objective,
  threshold: Threshold,
  document: SlaDocument,
): { readonly name: string; readonly severity: AlertSeverity | 'info' } {
  const own = alertOf(objective, document);
  return threshold === 'alert' ? own : { name: `${own.name}Target`, severity: 'info' };
}

/** The name and the severity of an objective's alert. */
export function alertOf(
  { id }: Objective,
  { alerting: { names } }: SlaDocument,
): { readonly name: string; readonly severity: AlertSeverity } {
  const words = id.split('-').map((word) => word[0]!.toUpperCase() + word.slice(1));
  return Object.hasOwn(names, id) ? names[id]! : { name: words.join(''), severity: 'warning' };
}

/** The share of bad events that an objective allows at a threshold: if 95% must be within a limit, the share is 0.05. */
export function budgetOfObjective({ measure, target, alert }: Objective, threshold: Threshold): number {
  if (measure.kind === 'latency') return budgetOf(measure.percentile);
  const { value } = threshold === 'target' ? target : alert!;
  return measure.kind === 'uptime' || measure.kind === 'success'
    ? budgetOf(Number((value * 100).toFixed(6)))
    : value;
}

/** The condition on the recorded series that breaks the threshold: the gate's own rule, negated. */
function breach(objective: Objective, threshold: Threshold): { comparison: Comparison; value: number } {
  const { measure } = objective;
  const limit = limitOf(objective, threshold);
  // A target is broken if its comparison is false, an alert threshold if it is true.
  const broken = threshold === 'target' ? opposite(limit.comparison) : limit.comparison;
  switch (measure.kind) {
    case 'latency':
      return { comparison: '>', value: budgetOfObjective(objective, threshold) };
    case 'success':
    case 'uptime':
      // The recorded series is the share of failed scrapes, so "under 99% up" becomes "over 1% down".
      return { comparison: broken === '<' ? '>' : '>=', value: budgetOfObjective(objective, threshold) };
    case 'ratio':
    case 'throughput':
    case 'mean':
    case 'peak':
    case 'recovery':
      return { comparison: broken, value: limit.value };
    default:
      return measure satisfies never;
  }
}

/** A low rate is a problem only if clients requested more. Otherwise, a quiet night would page the operator. */
function demand({ measure, target, alert }: Objective, threshold: Threshold, context: RuleContext): string {
  const { document, windowSeconds } = context;
  const { requests, selector: service } = document.service;
  if (measure.kind !== 'throughput' || !target.comparison.startsWith('>') || requests === undefined)
    return '';
  const [comparison, value] =
    threshold === 'target' ? [target.comparison, target.value] : [opposite(alert!.comparison), alert!.value];
  const asked = perSecond(service, requests, promDuration(windowSeconds), windowSeconds);
  return ` and on () ${asked} ${comparison} ${value}`;
}

function summaryOf(objective: Objective, threshold: Threshold, context: RuleContext): string {
  const { measure } = objective;
  const title = titleAt(objective, threshold, context);
  const over = `over ${promDuration(context.windowSeconds)}`;
  const which = `${threshold === 'target' ? 'target' : 'alert threshold'} ${limitOf(objective, threshold).text}`;
  if (measure.kind === 'latency')
    return `${title}: {{ $value | humanizePercentage }} took longer ${over}, ${budgetText(objective)} is allowed (${which})`;
  if (measure.kind === 'uptime')
    return `${title}: down at {{ $value | humanizePercentage }} of the scrapes ${over} (${which})`;
  const value = isRatio(measure) ? 'humanizePercentage' : 'humanize';
  return `${title}: {{ $value | ${value} }} ${over} (${which})`;
}

/** The title of a latency ends in "within", so its limit is appended. */
export function titleAt(objective: Objective, threshold: Threshold, { document }: RuleContext): string {
  const { measure, title } = objective;
  if (measure.kind !== 'latency') return title;
  const histogram = histogramOf(objective);
  const edge = watchedEdge(limitOf(objective, threshold), histogram, document.service);
  return `${title} ${formatValue(toSeconds(edge, histogram.valuesIn), 'seconds')}`;
}

const budgetText = (objective: Objective) => formatValue(budgetOfObjective(objective, 'target'), 'ratio');
