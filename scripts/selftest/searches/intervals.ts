import { type KnownLaw, truthOf } from './laws.ts';

/** Compares the intervals of searches with the true capacity. */

export interface Searched {
  readonly law: KnownLaw;
  readonly seed: number;
  readonly provenPerSecond: number | null;
  readonly refutedPerSecond: number | null;
  /** Why there is no answer; null if there is one. */
  readonly why: string | null;
}

/** Of 20 searches, two may report a wrong interval. */
const MAX_WRONG_SHARE = 0.1;

const isWrong = ({ law, provenPerSecond, refutedPerSecond }: Searched) =>
  (provenPerSecond !== null && provenPerSecond > truthOf(law)) ||
  (refutedPerSecond !== null && refutedPerSecond < truthOf(law));

/** The relative width of an interval; null if the interval is open. */
const widthOf = ({ provenPerSecond: low, refutedPerSecond: high }: Searched) =>
  low === null || high === null ? null : (high - low) / high;

export interface LawCounts {
  readonly law: KnownLaw;
  readonly searches: number;
  readonly answered: number;
  readonly wrong: number;
  /** The widths of the closed intervals. */
  readonly widths: readonly number[];
}

export const countsOf = (all: readonly Searched[]): readonly LawCounts[] =>
  [...Map.groupBy(all, ({ law }) => law)].map(([law, own]) => ({
    law,
    searches: own.length,
    answered: own.filter(({ why }) => why === null).length,
    wrong: own.filter(isWrong).length,
    widths: own.flatMap((one) => widthOf(one) ?? []).toSorted((a, b) => a - b),
  }));

/** 1: intervals were wrong too often. 3: a search had no answer. */
export function exitCodeOf(counts: readonly LawCounts[]): 0 | 1 | 3 {
  if (counts.some(({ wrong, searches }) => wrong > Math.floor(MAX_WRONG_SHARE * searches))) return 1;
  return counts.some(({ answered, searches }) => answered < searches) ? 3 : 0;
}

const percent = (share: number | undefined) => (share === undefined ? '–' : `${(100 * share).toFixed(0)}%`);

export function renderIntervals(counts: readonly LawCounts[]): string {
  const rows = counts.map(({ law, searches, answered, wrong, widths }) => {
    const middle = percent(widths[Math.floor(widths.length / 2)]);
    return `| ${law.name} | ${truthOf(law).toFixed(1)}/s | ${searches} | ${answered} | ${wrong} | ${middle} | ${percent(widths.at(-1))} |\n`;
  });
  return `| service | truth | searches | with an answer | interval without the truth | median width | widest |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n${rows.join('')}`;
}
