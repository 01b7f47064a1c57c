import type { Panel } from '../panel.ts';
import { comparisonLines } from './baseline.ts';
import { gridOf, type Line, present, summary } from './course.ts';
import { coursesOf } from './courses.ts';
import { formatNumber } from './format.ts';
import type { ReportInput } from './input.ts';
import { type Course, type LookFirst, lookFirst } from './look-first.ts';
import { faultsOf, heldWords } from './occasions.ts';

/** The report for a terminal: what to look at first, and the course of each panel in a line. */
export function renderReportText(input: Omit<ReportInput, 'uplot'>): string {
  const { series, verdict, run } = input;
  const beside = comparisonLines(input.comparison);
  if (series === null)
    return [...aboutRun(input), ...beside, 'This run stored no series: its panels cannot be drawn.', ''].join(
      '\n',
    );
  const grid = gridOf(series, run.window.toSeconds);
  const courses = coursesOf(input, series, grid);
  const look = lookFirst(verdict, courses, grid, run.window.fromSeconds);
  const parts = [aboutRun(input), lookLines(look), beside, panelLines(courses)].filter(
    ({ length }) => length > 0,
  );
  return parts.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

/** What was put into the service, and how far a load that rises in steps was kept. */
function aboutRun({ held, environment }: Pick<ReportInput, 'held' | 'environment'>): readonly string[] {
  const faults = faultsOf(environment);
  return [
    ...(faults === null ? [] : [`Faults on purpose: ${faults}`]),
    ...(held === null ? [] : [`Steps: ${heldWords(held)}`]),
  ];
}

const lookLines = ({ sentences, moved, panel }: LookFirst): readonly string[] => [
  'What to look at first',
  ...sentences.map((text) => `  ${text}`),
  ...moved.map((one) => `    ${one.panel.title}: ${one.told}`),
  ...(panel === null ? [] : [`  The panel: ${panel.title}`]),
];

function panelLines(courses: readonly Course[]): readonly string[] {
  const rows = courses.flatMap(({ panel, lines }) => lines.flatMap((line) => rowOf(panel, line)));
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  return rows.map((row) => `  ${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padEnd(widths[1]!)}  ${row[2]}`);
}

function rowOf(panel: Panel, { label, values }: Line): readonly (readonly string[])[] {
  const found = summary(values);
  if (found === null || panel.drawing === 'heat' || panel.drawing === 'state') return [];
  if (found.least === 0 && found.greatest === 0 && panel.drawing === 'lines') return [];
  const number = (value: number) => formatNumber(value, panel.unit);
  const span =
    values.length === 1 ? number(found.last) : `${number(found.least)} to ${number(found.greatest)}`;
  return [[`${panel.title}, ${label}`, values.length === 1 ? '' : spark(values), span]];
}

const BARS = '▁▂▃▄▅▆▇█';
const WIDTH = 40;

/** From 0 to the greatest: forty columns, each the greatest of its moments. */
function spark(values: readonly (number | null)[]): string {
  const greatest = Math.max(...present(values)) || 1;
  const columns = Math.min(WIDTH, values.length);
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / columns));
    const here = present(values.slice(from, to));
    if (here.length === 0) return ' ';
    return BARS[Math.min(BARS.length - 1, Math.floor((Math.max(0, ...here) / greatest) * BARS.length))];
  }).join('');
}
