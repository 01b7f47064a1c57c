import type { Measure, Objective, Selection, SlaDocument } from '../slas/model.ts';
import { type Labels, selector } from '../slas/promql.ts';
import type { PanelLimit, View } from './panel.ts';

/** What panels take from the SLA document: which series an objective is about, and its limits. */

type Kind = Measure['kind'];
type OfKind<K extends Kind> = Extract<Measure, { kind: K }>;

/** Those that hold in every traffic: what is for some scenarios only has no line in a panel of all of it. */
export const objectivesOf = (sla: SlaDocument, kind: Kind): readonly Objective[] =>
  sla.objectives.filter(({ measure, onlyWhereNamed }) => measure.kind === kind && onlyWhereNamed !== true);

/** The first objective's measure of a kind; null where the document has none. */
export function measureOf<K extends Kind>(sla: SlaDocument, kind: K): OfKind<K> | null {
  return (objectivesOf(sla, kind)[0]?.measure as OfKind<K> | undefined) ?? null;
}

export const idsOf = (sla: SlaDocument, ...kinds: readonly Kind[]) =>
  kinds.flatMap((kind) => objectivesOf(sla, kind)).map(({ id }) => id);

/** Target and alert threshold of each objective of a kind. */
export function limitsOf(sla: SlaDocument, kind: Kind): readonly PanelLimit[] {
  return objectivesOf(sla, kind).flatMap(({ measure, target, alert }) => {
    const what = measure.kind === 'latency' ? `p${measure.percentile} ` : '';
    return [
      { label: `${what}${target.text}`, level: 'target' as const, limit: target },
      ...(alert === undefined
        ? []
        : [{ label: `${what}alert ${alert.text}`, level: 'alert' as const, limit: alert }]),
    ];
  });
}

/** The series of an objective, seen from a view: where that chooses endpoints, they replace the document's. */
export function selected(selection: Selection, { labels, endpoint }: View, suffix = ''): string {
  const { handler, ...others } = selection.where;
  const chosen = handler === undefined ? null : (endpoint ?? handler);
  const where: Labels = { ...labels, ...(chosen === null ? {} : { handler: chosen }), ...others };
  return selector(selection.metric + suffix, where);
}
