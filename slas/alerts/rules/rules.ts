import { isWatchable } from '../../document/objectives.ts';
import type { AlertSeverity, SlaDocument } from '../../model/model.ts';
import { burnRules } from './burn-rates.ts';
import { objectiveRules, type Threshold, thresholdAlertOf, thresholdsOf } from './objectives.ts';
import { promDuration } from './promql.ts';
import { DEFAULT_WINDOW_SECONDS, type Rule, type RuleContext, type RuleGroup, runbookOf } from './rule.ts';
import { watchRules } from './watch.ts';

/** Recording and alerting rules for Prometheus, generated from the gate's own document. */

export interface RuleOptions {
  /** The lookback of an alert; the windows of the burn rates are multiples of it. 5 minutes by default. */
  readonly windowSeconds?: number;
  /** How long the condition must hold before an alert fires. By default one minute for critical alerts and 5 minutes for all others. */
  readonly forSeconds?: number;
}

const DEFAULT_FOR_SECONDS: Record<AlertSeverity | 'info', number> = { critical: 60, warning: 300, info: 300 };

/**
 * Every group except the raw one: recording rules, both thresholds of each objective, burn rates, and alerts
 * without an objective.
 */
export function rulesOf(document: SlaDocument, options: RuleOptions = {}): readonly RuleGroup[] {
  const context: RuleContext = {
    document,
    windowSeconds: options.windowSeconds ?? DEFAULT_WINDOW_SECONDS,
    forText: (severity) => promDuration(options.forSeconds ?? DEFAULT_FOR_SECONDS[severity]),
  };
  const { name } = document;
  // Objectives of single scenarios (a recovery after a deliberate spike) do not apply to all traffic.
  const objectives = document.objectives.filter(isWatchable);
  const groups: RuleGroup[] = [
    // Recorded and alerted on in one group, whose rules are evaluated in order and at the same time.
    {
      name: `${name}-objectives`,
      rules: objectives.flatMap((objective) => objectiveRules(objective, context)),
    },
    { name: `${name}-burn-rates`, rules: objectives.flatMap((objective) => burnRules(objective, context)) },
    { name: `${name}-watch`, rules: watchRules(context) },
  ];
  return groups.filter(({ rules }) => rules.length > 0);
}

/** One alert on a threshold of an objective. */
export interface ThresholdAlert {
  readonly name: string;
  readonly objective: string;
  readonly threshold: Threshold;
  readonly forSeconds: number;
}

/** The alerts of `rulesOf` whose thresholds a verdict also judges. */
export const thresholdAlertsOf = (document: SlaDocument): readonly ThresholdAlert[] =>
  document.objectives.filter(isWatchable).flatMap((objective) =>
    thresholdsOf(objective).map((threshold) => {
      const { name, severity } = thresholdAlertOf(objective, threshold, document);
      return { name, objective: objective.id, threshold, forSeconds: DEFAULT_FOR_SECONDS[severity] };
    }),
  );

/** The document's own PromQL rules, in a separate group. */
export function rawRulesOf(document: SlaDocument, options: RuleOptions = {}): readonly RuleGroup[] {
  const { raw } = document.alerting;
  if (raw.length === 0) return [];
  const rules = raw.map(
    ({ name, severity, expr, summary }): Rule => ({
      alert: name,
      expr,
      for: promDuration(options.forSeconds ?? DEFAULT_FOR_SECONDS[severity]),
      labels: { severity, sla: document.name },
      annotations: { summary, ...runbookOf(document, name) },
    }),
  );
  return [{ name: `${document.name}-raw`, rules }];
}
