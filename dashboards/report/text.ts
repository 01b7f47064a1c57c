import type { Panel } from '../panel.ts';
import { comparisonLines } from './baseline.ts';
import { gridOf, type Line, present, summary } from './course.ts';
import { coursesOf } from './courses.ts';
import { capacityWords, faultsOf } from './events.ts';
import { formatNumber } from './format.ts';
import type { ReportInput } from './input.ts';
import { type Course, type LookFirst, lookFirst } from './look-first.ts';

/** The report for a terminal: what to look at first, and one line per panel. */
export function renderReportText(input: Omit<ReportInput, 'uplot'>): string {
  const { series, verdict, run } = input;
  const compared = comparisonLines(input.comparison);
  if (series === null)
    return [
      ...aboutRun(input),
      ...compared,
      'This run stored no series, so its panels cannot be drawn.',
      '',
    ].join('\n');
  const grid = gridOf(series, run.window.toSeconds);
  const courses = coursesOf(input, series, grid);
  const look = lookFirst(verdict, input.plan, courses, grid, run.window.fromSeconds);
  const parts = [aboutRun(input), lookLines(look), compared, panelLines(courses)].filter(
    ({ length }) => length > 0,
  );
  return parts.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

/** The injected faults, and the highest step of a stepped load at which the objectives were met. */
function aboutRun({ held, environment }: Pick<ReportInput, 'held' | 'environment'>): readonly string[] {
  const faults = faultsOf(environment);
  return [
    ...(faults === null ? [] : [`Injected faults: ${faults}`]),
    ...(held === null ? [] : [`Steps: ${capacityWords(held)}`]),
  ];
}

const lookLines = ({ sentences, moved, panel }: LookFirst): readonly string[] => [
  'What to look at first',
  ...sentences.map((text) => `  ${text}`),
  ...moved.map((one) => `    ${one.panel.title}: ${one.words}`),
  ...(panel === null ? [] : [`  See the panel: ${panel.title}`]),
];

function panelLines(courses: readonly Course[]): readonly string[] {
  const rows = courses.flatMap(({ panel, lines }) => lines.flatMap((line) => rowOf(panel, line)));
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padEnd(widths[1]!)}  ${row[2]}`);
}

function rowOf(panel: Panel, { label, values }: Line): readonly (readonly string[])[] {
  const found = summary(values);
  if (found === null || panel.drawing === 'heat' || panel.drawing === 'state') return [];
  if (found.min === 0 && found.max === 0 && panel.drawing === 'lines') return [];
  const number = (value: number) => formatNumber(value, panel.unit);
  const span = values.length === 1 ? number(found.last) : `${number(found.min)} to ${number(found.max)}`;
  return [[`${panel.title}, ${label}`, values.length === 1 ? '' : spark(values), span]];
}

const BARS = '▁▂▃▄▅▆▇█';
const WIDTH = 40;

/** A line of bars from 0 to the maximum; each bar is the maximum of its steps. */
function spark(values: readonly (number | null)[]): string {
  const max = Math.max(...present(values)) || 1;
  const columns = Math.min(WIDTH, values.length);
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    const here = present(values.slice(from, to));
    if (here.length === 0) return ' ';
    return BARS[Math.min(BARS.length - 1, Math.floor((Math.max(0, ...here) / max) * BARS.length))];
  }).join('');
}
