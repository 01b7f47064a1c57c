import { readFile } from 'node:fs/promises';

/** k6's own summary of a run, as handleSummary gets it. */
export interface Summary {
  readonly metrics: Readonly<
    Record<string, { readonly values: Readonly<Record<string, number>> } | undefined>
  >;
}

export async function readSummary(file: string): Promise<Summary | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Summary;
  } catch {
    return null;
  }
}

/**
 * Several summaries as one: counts are added, the least and the greatest are those of all. Nothing else of them can be put
 * together: a percentile of percentiles is none. null where one is missing.
 */
export function summed(summaries: readonly (Summary | null)[]): Summary | null {
  const all = summaries.filter((one) => one !== null);
  if (all.length < summaries.length) return null;
  if (all.length === 1) return all[0]!;
  const names = [...new Set(all.flatMap(({ metrics }) => Object.keys(metrics)))];
  return { metrics: Object.fromEntries(names.map((name) => [name, { values: together(all, name) }])) };
}

function together(summaries: readonly Summary[], metric: string): Readonly<Record<string, number>> {
  const values = (field: string) => summaries.flatMap((one) => value(one, metric, field) ?? []);
  const of = (field: string, merge: (some: readonly number[]) => number) => {
    const some = values(field);
    return some.length === 0 ? [] : [[field, merge(some)] as const];
  };
  return Object.fromEntries([
    ...of('count', (some) => some.reduce((sum, one) => sum + one, 0)),
    ...of('min', (some) => Math.min(...some)),
    ...of('max', (some) => Math.max(...some)),
  ]);
}

export const value = (summary: Summary | null, metric: string, field: string): number | undefined =>
  summary?.metrics[metric]?.values[field];

export const count = (summary: Summary | null, metric: string): number =>
  value(summary, metric, 'count') ?? 0;
