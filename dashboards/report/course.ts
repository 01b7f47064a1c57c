import type { RunSeries, SeriesAnswer } from '../../slas/model/model.ts';

/** A series as numbers, one for each step of the run. */
export interface Line {
  readonly label: string;
  /** One value for each step; null if the series has no value at that step. */
  readonly values: readonly (number | null)[];
}

export interface Grid {
  readonly fromSeconds: number;
  readonly stepSeconds: number;
  readonly steps: number;
}

/** The steps up to the last response. Between it and the closing scrape the service is idle. */
export const gridOf = ({ window }: RunSeries, endSeconds: number): Grid => ({
  fromSeconds: window.fromSeconds,
  stepSeconds: window.stepSeconds,
  steps:
    Math.floor((Math.min(window.toSeconds, endSeconds) - window.fromSeconds) / window.stepSeconds + 1e-6) + 1,
});

export const secondsAt = ({ fromSeconds, stepSeconds }: Grid, step: number) =>
  fromSeconds + step * stepSeconds;

export const numbersOf = (column: string): readonly (number | null)[] =>
  column.split(' ').map((text) => (text === '-' ? null : Number(text)));

export const columnOf = (values: readonly (number | null)[]) =>
  values.map((value) => (value === null ? '-' : Number(value.toPrecision(6)))).join(' ');

/** Bucket edges are compared as numbers, because Prometheus may write 1 as `1.0` or as `1`. */
const named = (legend: string, labels: Readonly<Record<string, string>>) =>
  legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => {
    const value = labels[label] ?? '';
    return label === 'le' && value !== '+Inf' ? String(Number(value)) : value;
  });

/** The lines of all queries up to a number of steps, in the order of the queries; buckets are sorted by their edges. */
export function linesOf(answers: readonly SeriesAnswer[], steps: number): readonly Line[] {
  const lines = answers.flatMap(({ legend, series }) => {
    const own = series.map(({ labels, values }) => ({
      label: named(legend, labels),
      values: numbersOf(values).slice(0, steps),
    }));
    // Prometheus returns series in any order; sorting gives the same label the same colour in every panel.
    return own.sort((a, b) => (a.label < b.label ? -1 : 1));
  });
  const isBuckets = answers.some(({ legend }) => legend === '{{le}}');
  return isBuckets ? byEdge(lines) : lines;
}

const byEdge = (lines: readonly Line[]) => lines.toSorted((a, b) => edgeOf(a.label) - edgeOf(b.label));
const edgeOf = (label: string) => (label === '+Inf' ? Number.POSITIVE_INFINITY : Number(label));

/** Converts cumulative buckets to the count in each bucket. */
export const inEachBucket = (lines: readonly Line[]): readonly Line[] =>
  lines.map(({ label, values }, index) => ({
    label,
    values: values.map((value, step) => {
      if (value === null) return null;
      return Math.max(0, value - (lines[index - 1]?.values[step] ?? 0));
    }),
  }));

export const present = (values: readonly (number | null)[]): readonly number[] =>
  values.filter((value) => value !== null);

export function summary(values: readonly (number | null)[]) {
  const ordered = [...present(values)].sort((a, b) => a - b);
  if (ordered.length === 0) return null;
  return {
    min: ordered[0]!,
    median: ordered[Math.floor((ordered.length - 1) / 2)]!,
    max: ordered.at(-1)!,
    last: present(values).at(-1)!,
  };
}
