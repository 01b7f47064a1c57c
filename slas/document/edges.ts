import type { Limit, Selection, SlaDocument, TimeUnit } from '../model/model.ts';
import { fromSeconds, toSeconds } from './units.ts';

/** The bucket edges that a document lists, and where a limit lies among them. */

type Service = Pick<SlaDocument['service'], 'buckets' | 'natives'>;

/** Whether the document says that Prometheus stores this histogram natively, so that no series has its buckets. */
export const isNative = ({ natives = [] }: Service, { metric }: Pick<Selection, 'metric'>): boolean =>
  natives.includes(metric);

/** The listed edges of a histogram, in its own unit, ascending; null if the document lists none. */
export const listedEdges = ({ buckets }: Service, histogram: string): readonly number[] | null =>
  Object.hasOwn(buckets, histogram) ? buckets[histogram]! : null;

/** The nearest edges at or below a limit, and at or above it, in the unit of the edges; null if there is no such edge. */
export interface EdgesAround {
  readonly below: number | null;
  readonly above: number | null;
}

export function edgesAround(
  limitSeconds: number,
  edges: readonly number[],
  valuesIn: TimeUnit | undefined,
): EdgesAround {
  const seconds = (edge: number) => toSeconds(edge, valuesIn);
  return {
    below: edges.findLast((edge) => seconds(edge) <= limitSeconds) ?? null,
    above: edges.find((edge) => seconds(edge) >= limitSeconds) ?? null,
  };
}

export const isEdge = ({ below, above }: EdgesAround): boolean => below !== null && below === above;

/** Where a limit lies among the listed edges of its histogram; null if the document lists none. */
export function edgesOf({ value }: Limit, histogram: Selection, service: Service): EdgesAround | null {
  const edges = listedEdges(service, histogram.metric);
  return edges === null ? null : edgesAround(value, edges, histogram.valuesIn);
}

/** The edges that decide whether a limit is met, in their own unit; null if they are unknown, so any edge may decide. */
export function edgesThatMatter(
  limit: Limit,
  histogram: Selection,
  service: Service,
): readonly number[] | null {
  const around = edgesOf(limit, histogram, service);
  if (around === null) return null;
  return [...new Set([around.below, around.above])].filter((edge) => edge !== null);
}

/**
 * The edge that alerts and dashboards compare with a limit: the edge below it, so that an alert cannot be silent while the limit is broken.
 * If there is no edge below, the edge above is used; if the document lists no edges, the limit itself.
 */
export function watchedEdge(limit: Limit, histogram: Selection, service: Service): number {
  const around = edgesOf(limit, histogram, service);
  return around?.below ?? around?.above ?? fromSeconds(limit.value, histogram.valuesIn);
}
