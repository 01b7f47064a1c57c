import { candidateTitles } from './candidates.ts';
import type { Figures, Report } from './report.ts';

const number = (value: number, digits = 0) =>
  Number.isFinite(value)
    ? value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    : '–';
const ms = (value: number) => number(value, value < 10 ? 2 : value < 100 ? 1 : 0);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const align = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, align, ...rows].map(line).join('');
}

/** The report as Markdown tables, which docs can include unchanged. */
export function renderReport(report: Report): string {
  const { machine, loadBefore, rounds, secondsEach, texts, generator } = report;
  const parts = [
    `${report.at.slice(0, 10)}, ${machine.processor}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}; ${texts} texts of at most 64 word pieces, ${generator}, medians of ${rounds} rounds of ${secondsEach} s; load average of the previous minute ${number(loadBefore, 2)}\n`,
    closedLoop(report),
    limit(report),
    byLength(report),
    overload(report),
    targets(report),
  ];
  return parts.join('\n');
}

const figureHead = ['responses/s', 'p50 ms', 'p99 ms', 'texts per CPU second', 'CPU ms outside the model'];
const figureCells = (figures: Figures) => [
  number(figures.answeredPerSecond),
  ms(figures.p50Ms),
  ms(figures.p99Ms),
  number(figures.textsPerCpuSecond),
  number(figures.mainThreadMs, 2),
];

function closedLoop({ closedLoop }: Report): string {
  const rows = closedLoop.map(({ candidate, clients, figures }) => {
    const cells = figureCells(figures);
    // The conventional server infers on its main thread, so inference cannot be separated from the rest.
    return [
      candidateTitles[candidate],
      String(clients),
      ...(candidate === 'usual' ? [...cells.slice(0, -1), '–'] : cells),
    ];
  });
  return table(['server', 'clients', ...figureHead], rows);
}

function limit({ limit }: Report): string {
  const rows = limit.map(({ sessions, threads, batch, perSecond, perCpuSecond }) => [
    `${sessions} × ${threads} threads, ${batch === 1 ? 'one text at a time' : `${batch} of similar length at a time`}`,
    number(perSecond),
    number(perCpuSecond),
  ]);
  return table(['onnxruntime alone', 'texts/s', 'texts per CPU second'], rows);
}

function byLength({ byLength }: Report): string {
  const rows = byLength.map(({ pieces, ours, usual, ratio }) => [
    pieces,
    number(ours.answeredPerSecond),
    number(usual.answeredPerSecond),
    number(ratio, 2),
    ms(ours.p99Ms),
    ms(usual.p99Ms),
  ]);
  const head = [
    'word pieces',
    'this service/s',
    'conventional server/s',
    'ratio',
    'p99 ms',
    'p99 ms, conventional server',
  ];
  return table(head, rows);
}

function overload({ overload }: Report): string {
  const rows = overload.map((step) => [
    number(step.offeredPerSecond),
    number(step.answeredPerSecond),
    ms(step.answeredP50Ms),
    ms(step.answeredP99Ms),
    number(step.refused),
    step.refusedP99Ms === null ? '–' : ms(step.refusedP99Ms),
    number(step.failed),
    ms(step.lateP99Ms),
  ]);
  const head = [
    'requests/s',
    'responses/s',
    'p50 ms',
    'p99 ms',
    'refused',
    'p99 ms of refusals',
    'failed',
    'lateness of the generator, p99 ms',
  ];
  return table(head, rows);
}

function targets({ targets, scrape, notes }: Report): string {
  const rows = targets.map(({ what, target, measured, between, unit, met, isWithinNoise }) => [
    what,
    `${target}${unit && ` ${unit}`}`,
    `${unit === 'ms' ? ms(measured) : number(measured, 3)}${unit && ` ${unit}`}`,
    between === null ? '' : `${number(between[0], 2)} to ${number(between[1], 2)}`,
    `${met ? 'met' : Number.isFinite(measured) ? '**missed**' : '**not measured**'}${isWithinNoise ? ', within noise' : ''}`,
  ]);
  const scrapes = `\n/metrics was read ${number(scrape.count)} times under full load, p50 ${ms(scrape.p50Ms)} ms.\n`;
  return [
    table(['target', 'limit', 'measured', '90% interval', ''], rows),
    scrapes,
    ...notes.map((note) => `\n${note}\n`),
  ].join('');
}
