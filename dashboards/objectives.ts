import { endpoints } from '../service/metric-names.ts';
import { isNative } from '../slas/document/edges.ts';
import { isByClientAlone } from '../slas/model/kinds.ts';
import type { Measure, Objective, Selection, SlaDocument } from '../slas/model/model.ts';
import { type Matchers, selector } from '../slas/prometheus/promql.ts';
import type { PanelLimit, View } from './panel.ts';
import { rateOf, sumOf } from './promql.ts';

/** What panels take from the SLA document: the series of an objective and its limits. */

type Kind = Measure['kind'];
type OfKind<K extends Kind> = Extract<Measure, { kind: K }>;

/**
 * Objectives that apply to all traffic and that Prometheus has a series for. A panel of all traffic shows no limit of an objective that
 * applies only to some scenarios.
 */
export const objectivesOf = (sla: SlaDocument, kind: Kind): readonly Objective[] =>
  sla.objectives.filter(
    ({ measure, onlyWhereNamed }) =>
      measure.kind === kind && onlyWhereNamed !== true && !isByClientAlone(measure),
  );

/** The measure of the first objective of a kind; null if the document has none. */
export function measureOf<K extends Kind>(sla: SlaDocument, kind: K): OfKind<K> | null {
  return (objectivesOf(sla, kind)[0]?.measure as OfKind<K> | undefined) ?? null;
}

export const idsOf = (sla: SlaDocument, ...kinds: readonly Kind[]) =>
  kinds.flatMap((kind) => objectivesOf(sla, kind)).map(({ id }) => id);

/** Identifies the series of an objective. The percentile is left out, because two percentiles of one histogram use the same series. */
const seriesOf = ({ measure }: Objective): string => {
  const {
    percentile: _,
    client: __,
    ...series
  } = measure as Measure & { percentile?: number; client?: unknown };
  return JSON.stringify(series);
};

/** Targets and alert thresholds of the first objective of a kind and of all others with the same series. */
export function limitsOf(sla: SlaDocument, kind: Kind): readonly PanelLimit[] {
  const [first, ...others] = objectivesOf(sla, kind);
  if (first === undefined) return [];
  return [first, ...others.filter((other) => seriesOf(other) === seriesOf(first))].flatMap(
    ({ measure, target, alert }) => {
      const what = measure.kind === 'latency' ? `p${measure.percentile} ` : '';
      return [
        { label: `${what}${target.text}`, level: 'target' as const, limit: target },
        ...(alert === undefined
          ? []
          : [{ label: `${what}alert ${alert.text}`, level: 'alert' as const, limit: alert }]),
      ];
    },
  );
}

const selectionsOf = ({ measure }: Objective): readonly Selection[] =>
  Object.values(measure).filter(
    (part): part is Selection => typeof part === 'object' && part !== null && 'where' in part,
  );

/** Every selection of series in a document, except those of its load. */
export const selectionsIn = (sla: SlaDocument): readonly Selection[] => [
  ...(sla.service.requests === undefined ? [] : [sla.service.requests]),
  ...sla.objectives.flatMap(selectionsOf),
];

/** The endpoints that predict and those that an objective names: the default selection of the dashboards. */
export function endpointsOf(sla: SlaDocument): readonly string[] {
  const named = sla.objectives.flatMap(selectionsOf).map(({ where }) => where.handler);
  return [...new Set([...endpoints, ...named.filter((handler) => typeof handler === 'string')])];
}

/** Combines two sets of matchers: a label that is in both has to match both. */
export function narrowed(labels: Matchers, more: Matchers): Matchers {
  const merged = Object.entries(more).map(([label, match]) => {
    const before = labels[label];
    const isNew = before === undefined || JSON.stringify(before) === JSON.stringify(match);
    return [label, isNew ? match : [before, match].flat()] as const;
  });
  return { ...labels, ...Object.fromEntries(merged) };
}

/**
 * The series of an objective in a view. The objective always keeps its own selector; the selected endpoints narrow it further if the
 * objective itself names endpoints.
 */
export function selected(selection: Selection, { service, chosen, endpoint }: View, suffix = ''): string {
  const own = narrowed({ ...service, ...selection.where }, chosen);
  const isNarrowed = endpoint !== null && selection.where.handler !== undefined;
  return selector(selection.metric + suffix, isNarrowed ? narrowed(own, { handler: endpoint }) : own);
}

/** What `histogram_quantile` takes: the buckets of a histogram, or a native histogram as a whole. */
export const bucketsOf = (histogram: Selection, { service }: SlaDocument, view: View): string =>
  isNative(service, histogram)
    ? sumOf(rateOf(selected(histogram, view), view.step))
    : sumOf(rateOf(selected(histogram, view, '_bucket'), view.step), 'le');
