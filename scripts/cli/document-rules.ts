import { basename, isAbsolute, relative } from 'node:path';
import { rulesOf } from '../../slas/alerts/rules/rules.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { renderRules } from '../../slas/render/rules.ts';

/** The rules of a document in Prometheus's format. */
export const rulesText = (document: SlaDocument, file: string, root: string): string =>
  renderRules(rulesOf(document), sourceName(root, file));

/** The name of a document for generated files: its path within the project, or its bare file name outside. */
export function sourceName(root: string, file: string): string {
  const inside = relative(root, file);
  return inside.startsWith('..') || isAbsolute(inside) ? basename(file) : inside;
}
