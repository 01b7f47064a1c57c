import type { Missing, Plan, Reading, Selected } from '../model/model.ts';

/**
 * Reads plans and evidence of earlier versions. They contain some facts only as text: what a selector selects, the range of a query, and
 * which samples were awaited. That text is parsed only here; current versions store these facts as data.
 */

/** What a vector selector of a plan selects. */
export const selectedIn =
  ({ selections }: Pick<Plan, 'selections'>) =>
  (vectorSelector: string): Selected =>
    selections !== undefined && Object.hasOwn(selections, vectorSelector)
      ? selections[vectorSelector]!
      : parseSelector(vectorSelector);

/** Parses what `selector` in promql.ts writes. */
function parseSelector(vectorSelector: string): Selected {
  const [, metric = '', matchers = ''] = /^([^{]*)(?:\{(.*)\})?$/s.exec(vectorSelector)!;
  const where = [...matchers.matchAll(/(\w+)(=~|=)"((?:[^"\\]|\\.)*)"/gs)].map(([, label, how, quoted]) => {
    const text = quoted!.replace(/\\(.)/gs, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    return [label!, how === '=' ? text : { matches: text }] as const;
  });
  return { metric, where: Object.fromEntries(where) };
}

/** The range of a reading of raw samples in seconds; null if its query has none. */
export function rangeOf({ rangeSeconds, query }: Pick<Reading, 'rangeSeconds' | 'query'>): number | null {
  if (rangeSeconds !== undefined) return rangeSeconds;
  const range = /\[(\d+)ms\]$/.exec(query);
  return range === null ? null : Number(range[1]) / 1000;
}

/** Whether functions did not see the last samples, so that aggregates may be outdated. */
export const isOfAggregates = ({ kind, what }: Missing): boolean =>
  kind === undefined ? what.startsWith("the server's functions") : kind === 'aggregates';
