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

/** The runbook page of an alert, if the document says where these pages are. */
export const runbookOf = ({ alerting }: SlaDocument, name: string): Readonly<Record<string, string>> =>
  alerting.runbooks === null ? {} : { runbook_url: `${alerting.runbooks}#${name.toLowerCase()}` };
