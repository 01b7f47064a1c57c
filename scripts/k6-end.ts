import { answersInAll } from '../slas/client-requests.ts';
import type { Load, LoadRecord } from '../slas/model.ts';
import { countOf, formatCount } from '../slas/numbers.ts';
import { plannedIn } from '../slas/phases.ts';
import type { ErrorLog } from './k6-log.ts';
import { count, type Summary } from './k6-summary.ts';
import { type Exit, tellExit } from './processes.ts';

/** How k6 ended, and what that says of the load: whether it was cut short, and what k6 reported as failed. */

/** k6's exit codes. */
const THRESHOLD_CROSSED = 99;
const STOPPED_BY_SIGNAL = 105;
const MARKED_AS_FAILED = 110;
const MEANINGS: Readonly<Record<number, string>> = {
  [THRESHOLD_CROSSED]: 'a threshold was crossed',
  100: 'setup() took too long',
  101: 'teardown() took too long',
  [STOPPED_BY_SIGNAL]: 'it was told to stop',
  107: 'the load script threw an exception',
  108: 'the load script aborted the test',
  109: 'k6 panicked',
  [MARKED_AS_FAILED]: 'the load script marked the test as failed',
};

/** One k6 that has ended. */
export interface EndedK6 {
  readonly exit: Exit;
  /** null where it left none. */
  readonly summary: Summary | null;
  readonly log: ErrorLog;
}

type Counts = Pick<LoadRecord, 'sent' | 'answered' | 'lost' | 'droppedIterations'>;

/** `exit code 107: the load script threw an exception: Error: no token at setup (loadtests/peak.ts:5:9)` */
function endInWords({ exit, log }: EndedK6): string {
  const meaning = exit.signal === null ? MEANINGS[exit.code ?? 0] : undefined;
  return [
    tellExit(exit),
    ...(meaning === undefined ? [] : [meaning]),
    ...(log.first === null ? [] : [log.first]),
  ].join(': ');
}

/** A crossed threshold is no end that tells of anything else: of several, whatever else was wrong comes first. */
const weightOf = ({ code, signal }: Exit) =>
  signal === null && code === 0 ? 2 : signal === null && code === THRESHOLD_CROSSED ? 1 : 0;

/** The end that tells most of several: the first that was no good one, else the last. */
export function tellingEnd(ends: readonly EndedK6[]): EndedK6 {
  const ordered = ends.toSorted(
    (a, b) => weightOf(a.exit) - weightOf(b.exit) || a.exit.atSeconds - b.exit.atSeconds,
  );
  const last = ends.toSorted((a, b) => a.exit.atSeconds - b.exit.atSeconds).at(-1)!;
  const telling = weightOf(ordered[0]!.exit) === 2 ? last : ordered[0]!;
  return { ...telling, exit: { ...telling.exit, atSeconds: last.exit.atSeconds } };
}

/** Whether k6 wrote down all that it had to, also where its exit code says that something failed. */
const hasEndedItself = ({ exit, summary }: EndedK6) =>
  exit.signal === null && (summary !== null || exit.code === 0 || exit.code === THRESHOLD_CROSSED);

/** Why k6 did not go through its whole plan; null if it did. What fails after the last request cuts nothing. */
export function cutBecause(end: EndedK6, summary: Summary | null, counts: Counts, load: Load): string | null {
  const { exit, log } = end;
  if (!hasEndedItself(end)) return `k6 ended with ${endInWords(end)}`;
  // Of these two k6 speaks after the whole test only.
  const isAtEnd = exit.code === MARKED_AS_FAILED || (exit.code === THRESHOLD_CROSSED && log.isCrossedAtEnd);
  if (exit.code === 0 || isAtEnd || isWhole(counts, load)) return null;
  if (exit.code === THRESHOLD_CROSSED && summary !== null) return stoppedByThreshold(summary, end, load);
  return `k6 ended with ${endInWords(end)}`;
}

function isWhole({ sent, answered, lost, droppedIterations }: Counts, { plannedRequests }: Load): boolean {
  const ended = lost + answersInAll({ answered });
  return sent > 0 && sent + droppedIterations >= plannedRequests && ended === sent;
}

/** A budget that is used up, or a threshold of the script's own that ends the test (`abortOnFail`). */
function stoppedByThreshold(summary: Summary, end: EndedK6, load: Load): string {
  const told = load.budgets
    .map((budget) => ({ ...budget, bad: count(summary, budget.metric) }))
    .filter(({ bad, atMost }) => bad > atMost)
    .map(
      ({ objective, phase, bad, atMost }) =>
        `${countOf(bad, 'bad request')} for ${objective}, of which ${formatCount(plannedIn(load, phase ?? undefined).plannedRequests)} can bear ${formatCount(atMost)}`,
    );
  return told.length === 0
    ? `k6 ended with ${endInWords(end)}`
    : `nothing could save it any more: ${told.join('; ')}`;
}

/** What k6 reported as failed beside checks and thresholds. undefined where it could not report anything: it was killed. */
export function failuresOf(ends: readonly EndedK6[], isCrossed: boolean): readonly string[] | undefined {
  if (!ends.every(hasEndedItself)) return undefined;
  return [...new Set(ends.flatMap((end) => failuresIn(end, isCrossed)))];
}

function failuresIn(end: EndedK6, isCrossed: boolean): readonly string[] {
  const { exit, summary, log } = end;
  const isExpected = exit.code === 0 || exit.code === STOPPED_BY_SIGNAL || exit.code === THRESHOLD_CROSSED;
  return [
    ...(isExpected ? [] : [`k6 ended with ${endInWords(end)}`]),
    // After an exception of handleSummary() k6 ends as if there had been none.
    ...(isExpected ? log.outside.map((words) => `the load script threw an exception: ${words}`) : []),
    ...(exit.code === THRESHOLD_CROSSED && !isCrossed ? [`k6 ended with ${endInWords(end)}`] : []),
    ...(summary === null
      ? [
          `k6 left no summary, so its checks and thresholds are not known${log.first === null ? '' : ` (${log.first})`}`,
        ]
      : []),
  ];
}

/** A k6 that was killed has died like anything else; one that ended by itself has not, whatever it reports. */
export const diedOf = (end: EndedK6): readonly string[] =>
  hasEndedItself(end) ? [] : [`k6 ended in the middle, with ${tellExit(end.exit)}`];
