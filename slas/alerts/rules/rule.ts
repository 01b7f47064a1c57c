import type { AlertSeverity, SlaDocument } from '../../model/model.ts';

/** A Prometheus rule as in a rule file. */
export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

export const DEFAULT_WINDOW_SECONDS = 300;

/** What the rules of one document have in common. */
export interface RuleContext {
  readonly document: SlaDocument;
  readonly windowSeconds: number;
  readonly forText: (severity: AlertSeverity | 'info') => string;
}

/**
 * The link to an alert's runbook, if the document says where runbooks are. The runbook is a separate page, or a heading on a common page.
 */
export function runbookOf({ alerting }: SlaDocument, name: string): Readonly<Record<string, string>> {
  const { runbooks } = alerting;
  if (runbooks === null) return {};
  const runbook_url = runbooks.includes(ALERT_NAME)
    ? runbooks.replaceAll(ALERT_NAME, name)
    : `${runbooks}#${name.toLowerCase()}`;
  return { runbook_url };
}

const ALERT_NAME = '{alert}';
