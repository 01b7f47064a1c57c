import type { Alerting } from '../../model/model.ts';
import { select, selector } from '../../prometheus/promql.ts';
import { formatValue } from '../../render/numbers.ts';
import { normalQuantile } from '../../statistics/distributions.ts';
import { counted, partShare, promDuration } from './promql.ts';
import { type Rule, type RuleContext, runbookOf } from './rule.ts';

/** Alerts without an objective: a drifting share, and a service that Prometheus does not scrape. */
export function watchRules(context: RuleContext): readonly Rule[] {
  const { document, forText, windowSeconds } = context;
  const { alerting: alerts, service } = document;
  const window = promDuration(windowSeconds);
  const unseen: Rule = {
    alert: 'ServiceNotScraped',
    expr: `absent(${selector('up', service.selector)})`,
    for: forText('critical'),
    labels: { severity: 'critical', sla: document.name },
    annotations: {
      summary: `Prometheus is not scraping any target of ${document.name}, so no other alert can fire`,
      ...runbookOf(document, 'ServiceNotScraped'),
    },
  };
  const { drift } = alerts;
  if (drift === null) return [unseen];
  const { name, severity, part, total, expectedShare, movedShare } = drift;
  const share = partShare(service.selector, part, total, window);
  const drifted: Rule = {
    alert: name,
    expr: `abs(${share} - ${expectedShare}) > ${movedShare} and on () ${counted(service.selector, total, window)} >= ${minEventsFor(drift)}`,
    for: forText(severity),
    labels: { severity, sla: document.name },
    annotations: {
      summary: `The share of ${select({}, part)} over ${window} differs from the expected ${formatValue(expectedShare, 'ratio')} by {{ $value | humanizePercentage }}`,
      ...runbookOf(document, name),
    },
  };
  return [drifted, unseen];
}

/** The minimum number of events. With fewer, chance alone moves the share this far in more than one of a thousand windows. */
function minEventsFor({ expectedShare, movedShare }: NonNullable<Alerting['drift']>): number {
  const spread = normalQuantile(1 - 0.001 / 2);
  return Math.ceil((expectedShare * (1 - expectedShare) * spread ** 2) / movedShare ** 2);
}
