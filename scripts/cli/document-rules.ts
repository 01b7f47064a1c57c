import { basename, isAbsolute, relative } from 'node:path';
import { rulesOf } from '../../slas/alerts/rules/rules.ts';
import { wrongRunbooks } from '../../slas/document/alerting.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { renderRules } from '../../slas/render/rules.ts';
import { accept, badOption, type Input } from './inputs.ts';

/** An option of every command that writes alerting rules. */
export const RUNBOOKS =
  "where the alerts' runbooks are, instead of alerting.runbooks; {alert} stands for the name of the alert";

/** The document, whose alerts link to the runbooks of `--runbooks` if that option is given. */
export function withRunbooks(document: SlaDocument, runbooks: string | undefined): Input<SlaDocument> {
  if (runbooks === undefined) return accept(document);
  const wrong = wrongRunbooks(runbooks);
  return wrong === null
    ? accept({ ...document, alerting: { ...document.alerting, runbooks } })
    : badOption('--runbooks', wrong);
}

/** The rules of a document in Prometheus's format. */
export const rulesText = (document: SlaDocument, file: string, root: string): string =>
  renderRules(rulesOf(document), sourceName(root, file));

/**
 * The document's name in generated files: its path relative to the project. For a document outside the project, only the
 * file name.
 */
export function sourceName(root: string, file: string): string {
  const inside = relative(root, file);
  return inside.startsWith('..') || isAbsolute(inside) ? basename(file) : inside;
}
