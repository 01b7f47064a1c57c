/** Groups of measures that are judged alike; `measure` is one of a document or of a plan. */

type OfKind<M, K extends string> = Extract<M, { readonly kind: K }>;

/** A ratio of events, by those that failed or by those that succeeded. */
export const isRatio = <M extends { readonly kind: string }>(
  measure: M,
): measure is OfKind<M, 'ratio' | 'success'> => measure.kind === 'ratio' || measure.kind === 'success';

/** Measures that are judged as a share of events, with a budget of bad events. */
export const isShareOfEvents = <M extends { readonly kind: string }>(
  measure: M,
): measure is OfKind<M, 'latency' | 'ratio' | 'success'> => measure.kind === 'latency' || isRatio(measure);

/** Measures of all scrapes in the window, which have no random error. */
export const isCensus = ({ kind }: { readonly kind: string }): boolean =>
  kind === 'uptime' || kind === 'peak';

/** A latency that is measured client-side only. No series shows it, so it has no alert and no panel. */
export const isByClientAlone = (measure: {
  readonly kind: string;
  readonly histogram?: unknown;
  readonly buckets?: unknown;
}): boolean => measure.kind === 'latency' && (measure.histogram === null || measure.buckets === null);
