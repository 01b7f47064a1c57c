import type {
  HeldAlert,
  ObjectiveOutcome,
  ObjectiveVerdict,
  Outcome,
  Plan,
  Precondition,
  Verdict,
} from '../model/model.ts';
import { flipsInWords } from './flips.ts';
import { loadInWords } from './load-in-words.ts';
import { decidedInWords, lookInWords, unseenInWords } from './looks.ts';
import { countOf, formatCount, formatInterval, formatMeasured, formatValue } from './numbers.ts';
import { printableLine } from './printable.ts';
import { wordsOf } from './reasons/words.ts';

export interface TextOptions {
  readonly colour: boolean;
  /** Shows every reason and precondition. Otherwise, only those that need attention are shown. */
  readonly isVerbose: boolean;
}

const CODES = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;
type Style = keyof typeof CODES;

const OUTCOME_STYLE: Record<Outcome | ObjectiveOutcome, Style> = {
  pass: 'green',
  met: 'green',
  fail: 'red',
  missed: 'red',
  inconclusive: 'yellow',
  undecided: 'yellow',
};

/**
 * The verdict for a terminal: one line per objective, one for all preconditions that hold, the reasons of
 * what is not clearly met or could not be checked, and finally the verdict.
 */
export function renderText(verdict: Verdict, plan: Plan, { colour, isVerbose }: TextOptions): string {
  const paint = (style: Style, text: string) =>
    colour ? `\u001b[${CODES[style]}m${printableLine(text)}\u001b[0m` : printableLine(text);
  const heading = `${verdict.verdict.toUpperCase()}  ${headline(verdict)}`;
  return [
    '',
    paint('bold', describe(verdict, plan)),
    '',
    ...table(verdict.objectives, plan, paint),
    ...(isVerbose || verdict.sequential !== undefined ? legend(verdict, plan, paint) : []),
    ...(isVerbose ? [] : unproved(verdict, plan, paint)),
    ...looks(verdict, plan, isVerbose, paint),
    '',
    ...reasons(verdict, isVerbose),
    ...preconditions(verdict.preconditions, isVerbose, paint),
    ...alerts(verdict, isVerbose, paint),
    paint(OUTCOME_STYLE[verdict.verdict], heading),
    '',
  ].join('\n');
}

/** `checkout-api · steady: 25/s for 60 s · 2026-11-23 05:31:02 to 05:32:02 UTC` */
export function describe({ sla, scenario, window }: Verdict, plan: Plan): string {
  const { load, confidence, sequential } = plan;
  const what = load === null ? 'window' : `${scenario}: ${loadInWords(load)}`;
  const time = (text: string) => text.replace('T', ' ').replace(/\.\d+Z$/, '');
  const sameDay = window.from.slice(0, 10) === window.to.slice(0, 10);
  const when = `${time(window.from)} to ${sameDay ? time(window.to).slice(11) : time(window.to)} UTC`;
  const until = sequential === undefined ? 'decided' : 'until decided';
  const sure = confidence ? ` · ${until} at ${formatValue(confidence, 'ratio')} confidence` : '';
  return `${sla} · ${what} · ${when}${sure}`;
}

/** A missed objective is not shown in red if it does not decide the verdict. */
const styleOf = ({ verdict, exempt }: ObjectiveVerdict): Style =>
  exempt !== undefined && verdict === 'missed' ? 'yellow' : OUTCOME_STYLE[verdict];

type Paint = (style: Style, text: string) => string;

function table(objectives: readonly ObjectiveVerdict[], plan: Plan, paint: Paint): string[] {
  const header = ['objective', 'target', 'measured', boundsTitle(plan), 'samples', 'verdict'];
  const rows = objectives.map((one) =>
    [one.id, one.target, formatMeasured(one), interval(one), formatCount(one.samples), outcome(one)].map(
      printableLine,
    ),
  );
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => align(cell, widths[column]!, column))
      .join('   ')
      .trimEnd();
  return [
    paint('dim', `  ${line(header)}`),
    ...rows.map((row, index) => {
      const one = objectives[index]!;
      const text = line(row);
      return `  ${text.slice(0, text.length - row[5]!.length)}${paint(styleOf(one), row[5]!)}`;
    }),
  ];
}

function legend(verdict: Verdict, plan: Plan, paint: Paint): string[] {
  const words = boundsInWords(verdict, plan);
  return words === null ? [] : ['', `  ${paint('dim', words)}`];
}

/**
 * Explains bounds on both sides of a target next to "met", which look like a contradiction. With `--verbose`, each objective
 * explains this itself.
 */
function unproved({ objectives }: Verdict, { confidence }: Plan, paint: Paint): string[] {
  const own = objectives.filter(
    ({ verdict, needed, nearLimit }) => verdict === 'met' && needed !== null && !nearLimit,
  );
  if ((confidence ?? null) !== null || own.length === 0) return [];
  const names = own.map(({ id }) => id).join(', ');
  const words = [
    'The measured values decide. The bounds show where the true values may lie, at 95% confidence.',
    `They reach beyond the target of ${names}: there were too few requests to prove ${own.length === 1 ? 'it' : 'them'}. For proof, use --confidence 0.95 and a longer run.`,
  ];
  return ['', ...words.map((line) => `  ${paint('dim', line)}`)];
}

/** A long run is divided into coarser blocks than an early look used. */
const RECOMPUTED =
  'interim looks that decided nothing are recomputed from the full record, so in a long run their bounds may differ from those printed during the load';

/** How the bounds narrowed, and what a pass after such a short run does not show. */
function looks(told: Verdict, plan: Plan, isVerbose: boolean, paint: Paint): string[] {
  const { sequential, verdict } = told;
  const dim = (words: string) => `  ${paint('dim', words)}`;
  if (sequential === undefined) return isVerbose ? flipsInWords(told).map(dim) : [];
  const seconds = sequential.decidedAtSeconds ?? sequential.maxSeconds;
  const each = isVerbose
    ? sequential.looks.map((one) => lookInWords(one, plan, sequential.decidedAtSeconds))
    : [];
  const recomputed = isVerbose && each.length > 1 ? [RECOMPUTED] : [];
  const unseen = verdict === 'pass' ? [unseenInWords(seconds)] : [];
  return [...each, ...recomputed, ...unseen, ...flipsInWords(told)].map(dim);
}

const align = (cell: string, width: number, column: number) =>
  column >= 2 && column <= 4 ? cell.padStart(width) : cell.padEnd(width);

/** `95% bounds`: of the judged share (for latency the share within the limit), or of the mean or rate. */
export const boundsTitle = ({ confidence, sequential }: Plan) =>
  sequential === undefined ? `${formatValue(confidence ?? 0.95, 'ratio')} bounds` : 'bounds at look';

/**
 * The confidence with which each bound in the table holds on its own. It differs between shares and means.
 * null if there are no bounds, and for old verdicts.
 */
export function boundsInWords({ objectives, sequential }: Verdict, plan: Plan): string | null {
  if (sequential !== undefined) return decidedInWords(sequential, plan);
  const told = objectives.flatMap(({ id, interval: found }) =>
    found?.eachBound === undefined ? [] : [{ id, each: found.eachBound }],
  );
  const levels = [...Map.groupBy(told, ({ each }) => each)].sort(([a], [b]) => a - b);
  if (levels.length === 0) return null;
  const [[lowest], ...others] = levels as [(typeof levels)[number], ...typeof levels];
  const of = others.map(
    ([each, own]) => ` (${own.map(({ id }) => id).join(', ')}: ${formatValue(each, 'ratio')})`,
  );
  return `${boundsTitle(plan)}: each bound on its own holds with ${formatValue(lowest, 'ratio')} confidence${of.join('')}`;
}

export const interval = ({ interval: found, unit, target }: ObjectiveVerdict) =>
  found === null ? '–' : formatInterval(found, unit, target);

export const outcome = ({
  verdict,
  exempt,
  severity,
  alert,
  nearLimit,
  steadiness,
}: ObjectiveVerdict): string =>
  [
    verdict,
    ...(exempt === undefined ? [] : [exempt]),
    ...(severity === 'alert' ? [`beyond alert ${alert}`] : []),
    ...(nearLimit ? ['too close to be sure'] : []),
    ...(steadiness === 'growing' ? ['growing'] : steadiness === 'not-steady' ? ['not steady'] : []),
  ].join(', ');

/** A clearly met objective needs no explanation. */
const needsAttention = ({ verdict, nearLimit, steadiness, reasons: own }: ObjectiveVerdict) =>
  verdict !== 'met' ||
  own.some(({ code }) => code === 'waived' || code === 'waiver-expired') ||
  nearLimit ||
  (steadiness !== null && steadiness !== 'steady');

function reasons({ objectives }: Verdict, isVerbose: boolean): string[] {
  const shown = objectives.filter((one) => isVerbose || needsAttention(one));
  const width = Math.max(0, ...shown.map(({ id }) => id.length));
  const lines = shown.map((one) =>
    printableLine(`  ${one.id.padEnd(width)}   ${wordsOf(one.reasons, { preconditionsBy: 'name' })}`),
  );
  return lines.length === 0 ? [] : [...lines, ''];
}

/**
 * The verdict in one line. The reason for an inconclusive verdict is shown above, with its precondition or
 * objective.
 */
function headline({ summary }: Verdict): string {
  if (summary.code !== 'objectives-undecided') return wordsOf([summary]);
  const { undecided, because } = summary.params;
  return undecided.length === 0
    ? `a precondition does not hold: ${wordsOf(because)}`
    : `undecided: ${undecided.join(', ')}`;
}

const MARKS = new Map<boolean | null, readonly [string, Style]>([
  [true, ['✓', 'green']],
  [false, ['✗', 'red']],
  [null, ['·', 'dim']],
]);

/**
 * All preconditions with `--verbose`. Otherwise the number of those that hold, each one that does not hold, and what could not be checked,
 * one line per reason.
 */
function preconditions(all: readonly Precondition[], isVerbose: boolean, paint: Paint): string[] {
  const line = (ok: boolean | null, words: string) => {
    const [mark, style] = MARKS.get(ok)!;
    return `  ${paint(style, mark)} ${printableLine(words)}`;
  };
  const full = ({ id, ok, reasons: own }: Precondition) => line(ok, `${id}: ${wordsOf(own)}`);
  if (isVerbose) return [...all.map(full), ''];
  const of = (wanted: boolean | null) => all.filter(({ ok }) => ok === wanted);
  const unchecked = [...Map.groupBy(of(null), ({ reasons: own }) => wordsOf(own))];
  return [
    ...(of(true).length === 0 ? [] : [line(true, `${countOf(of(true).length, 'check')} passed`)]),
    ...of(false).map(full),
    ...unchecked.map(([words, own]) =>
      line(null, `not checked: ${own.map(({ id }) => id).join(', ')} (${words})`),
    ),
    '',
  ];
}

/** Whether Prometheus's own alerts agree with the verdict; empty if Prometheus has none of the document's rules. */
function alerts({ alerts: seen }: Verdict, isVerbose: boolean, paint: Paint): string[] {
  if (seen === undefined || seen.held === null) return [];
  const shown = seen.held.filter(({ agrees }) => isVerbose || agrees === false);
  if (!isVerbose && shown.length === 0) return [];
  const rows = shown.map((one) => {
    const [mark, style] = one.agrees === false ? (['≠', 'yellow'] as const) : (['·', 'dim'] as const);
    return `  ${paint(style, mark)} ${printableLine(alertInWords(one))}`;
  });
  return [`  ${paint('dim', '·')} alerts: ${printableLine(wordsOf([seen.summary]))}`, ...rows, ''];
}

/** `HighErrorRate, firing from 05:31:12 to 05:31:40: error-rate is missed, beyond its alert threshold` */
export function alertInWords({ id, firing, agrees, reasons: own }: HeldAlert): string {
  const when = firing.map(({ from, to }) => `${from.slice(11, 19)} to ${to.slice(11, 19)}`).join(', ');
  const apart = agrees === false ? 'disagrees with the verdict: ' : '';
  return `${id}, ${when === '' ? 'never firing' : `firing from ${when}`}: ${apart}${wordsOf(own)}`;
}
