import { allResponses } from '../../slas/client/requests.ts';
import type { Load, LoadRecord } from '../../slas/model/model.ts';
import { type Exit, formatExit } from '../process/processes.ts';
import type { ErrorLog } from './k6-log.ts';
import type { Summary } from './k6-summary.ts';

/** How k6 ended, and the consequences: whether the load was cut short, and which failures k6 reported. */

/** k6's exit codes. */
const THRESHOLD_CROSSED = 99;
const STOPPED_BY_SIGNAL = 105;
const MARKED_AS_FAILED = 110;
const MEANINGS: Readonly<Record<number, string>> = {
  [THRESHOLD_CROSSED]: 'a threshold was crossed',
  100: 'setup() took too long',
  101: 'teardown() took too long',
  [STOPPED_BY_SIGNAL]: 'it was asked to stop',
  107: 'the load script threw an exception',
  108: 'the load script aborted the test',
  109: 'k6 panicked',
  [MARKED_AS_FAILED]: 'the load script marked the test as failed',
};

/** A k6 process that has ended. */
export interface EndedK6 {
  readonly exit: Exit;
  /** null: k6 wrote no summary. */
  readonly summary: Summary | null;
  readonly log: ErrorLog;
}

type Counts = Pick<LoadRecord, 'sent' | 'answered' | 'lost' | 'droppedIterations'>;

/** Such as `exit code 107: the load script threw an exception: Error: no token at setup (loadtests/peak.ts:5:9)`. */
function endInWords({ exit, log }: EndedK6): string {
  const meaning = exit.signal === null ? MEANINGS[exit.code ?? 0] : undefined;
  return [
    formatExit(exit),
    ...(meaning === undefined ? [] : [meaning]),
    ...(log.first === null ? [] : [log.first]),
  ].join(': ');
}

/** k6 reports these failures only at the end of the test, so they do not cut the load short. */
const isAtEnd = ({ exit, log }: EndedK6) =>
  exit.code === MARKED_AS_FAILED || (exit.code === THRESHOLD_CROSSED && log.isCrossedAtEnd);

/**
 * Ranks the ends of several processes; the lowest rank is the cause. When one process ends, the harness stops the others,
 * which then exit with the code for a signal.
 */
function rankOf(end: EndedK6): number {
  const { code, signal } = end.exit;
  if (signal !== null) return 0;
  if (code === 0) return 4;
  if (isAtEnd(end)) return 3;
  if (code === STOPPED_BY_SIGNAL) return 2;
  return code === THRESHOLD_CROSSED ? 1 : 0;
}

/** The end that explains the others: the first failure, or the last end if there was no failure. */
export function decisiveEnd(ends: readonly EndedK6[]): EndedK6 {
  const inTime = ends.toSorted((a, b) => a.exit.atSeconds - b.exit.atSeconds);
  const last = inTime.at(-1)!;
  const [first] = inTime.toSorted((a, b) => rankOf(a) - rankOf(b));
  const decisive = first!.exit.code === 0 ? last : first!;
  return { ...decisive, exit: { ...decisive.exit, atSeconds: last.exit.atSeconds } };
}

/** Whether k6 completed its output. It may have done so even if its exit code reports a failure. */
const hasEndedItself = ({ exit, summary }: EndedK6) =>
  exit.signal === null && (summary !== null || exit.code === 0 || exit.code === THRESHOLD_CROSSED);

/** Why k6 did not complete its plan; null if it did. A failure after the last request does not cut the load short. */
export function cutBecause(end: EndedK6, counts: Counts, load: Load): string | null {
  const { exit } = end;
  if (!hasEndedItself(end)) return `k6 ended with ${endInWords(end)}`;
  if (exit.code === 0 || isAtEnd(end) || isWhole(counts, load)) return null;
  return `k6 ended with ${endInWords(end)}`;
}

function isWhole(
  { sent, answered, lost, droppedIterations }: Counts,
  { plannedRequests, k6 }: Load,
): boolean {
  // If the script plans its own load, the number of outstanding requests is unknown.
  if (k6 !== undefined) return false;
  const ended = lost + allResponses({ answered });
  return sent > 0 && sent + droppedIterations >= plannedRequests && ended === sent;
}

/** The failures that k6 reported, except checks and thresholds. undefined if k6 was killed and could not report any. */
export function failuresOf(ends: readonly EndedK6[], isCrossed: boolean): readonly string[] | undefined {
  if (!ends.every(hasEndedItself)) return undefined;
  return [...new Set(ends.flatMap((end) => failuresIn(end, isCrossed)))];
}

function failuresIn(end: EndedK6, isCrossed: boolean): readonly string[] {
  const { exit, summary, log } = end;
  const isExpected = exit.code === 0 || exit.code === STOPPED_BY_SIGNAL || exit.code === THRESHOLD_CROSSED;
  return [
    ...(isExpected ? [] : [`k6 ended with ${endInWords(end)}`]),
    // k6's exit code does not show an exception in handleSummary(); only its log does.
    ...(isExpected ? log.outside.map((words) => `the load script threw an exception: ${words}`) : []),
    ...(exit.code === THRESHOLD_CROSSED && !isCrossed ? [`k6 ended with ${endInWords(end)}`] : []),
    ...(summary === null
      ? [
          `k6 wrote no summary, so its checks and thresholds are unknown${log.first === null ? '' : ` (${log.first})`}`,
        ]
      : []),
  ];
}

/** A k6 that was killed has died during the run. A k6 that exited by itself has not died, even if it reports a failure. */
export const diedOf = (end: EndedK6): readonly string[] =>
  hasEndedItself(end) ? [] : [`k6 ended during the run, with ${formatExit(end.exit)}`];
