import type { Plot } from './plot.ts';

export type PageNumbers = ReturnType<typeof pageNumbers>;

/** Formats numbers and times for the page. */
export function pageNumbers() {
  const figures = (value: number, digits = 3) => Number(value.toPrecision(digits));
  const format = (value: number, unit: Plot['unit']): string => {
    if (unit === 'seconds')
      return Math.abs(value) < 1 ? `${figures(value * 1000)} ms` : `${figures(value)} s`;
    if (unit === 'ratio') return `${figures(value * 100)}%`;
    if (unit === 'per_second') return `${figures(value)}/s`;
    if (unit === 'bytes') return `${figures(value / 1e6)} MB`;
    if (unit === 'count' && value >= 100) return Math.round(value).toLocaleString('en-US');
    return String(figures(value));
  };
  const clock = (seconds: number, isShort = false) =>
    new Date(seconds * 1000).toISOString().slice(11, isShort ? 16 : 19);
  /** The columns of a plot as numbers; null where a step has no value. */
  const columns = (plot: Plot) =>
    plot.columns.map((column) => column.split(' ').map((text) => (text === '-' ? null : Number(text))));
  return { format, clock, columns };
}
