import type { Sample } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail, ok, type Result } from '../model/result.ts';

/**
 * The process instances of one scrape target of an elastic service. Each has its own counters, which start at
 * 0; what an instance counted after its last scrape is lost. A stable service has one instance per target,
 * from edge to edge.
 */
export interface ProcessInstance {
  /** When its process started during the window; null if it was running when the window opened. */
  readonly beganSeconds: number | null;
  /** The two scrapes to subtract: those at the edges of the window, or the first and the last scrape of the process. */
  readonly openSeconds: number;
  readonly closeSeconds: number;
  /**
   * Upper bound on how long it kept running after its last scrape; 0 if it was scraped where the window
   * closes.
   */
  readonly unseenSeconds: number;
}

/** After this many intervals, the expected scrape counts as missed. */
export const LATE = 1.5;

/** Some clients report start times in whole seconds, and the clock of their machine may differ. */
const START_TOLERANCE_SECONDS = 1;

/** What is known about one target before its process instances are derived. */
export interface Surroundings {
  readonly name: string;
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly intervalSeconds: number;
  /** Until when the target counts as listed: when the next scrape after its last one, successful or not, would have been due. */
  readonly listedUntilSeconds: number;
}

/** Process instances in sequence, by the start time that each scrape reported. */
interface Process {
  readonly startedSeconds: number;
  readonly times: readonly number[];
}

/**
 * The process instances that overlap the window; empty if all of them ended before it or began after it. Fails if the instances are
 * unknown.
 */
export function processInstancesOf(
  starts: readonly Sample[],
  surroundings: Surroundings,
): Result<readonly ProcessInstance[], Reason> {
  const processes = processesOf(starts);
  const irregular = processes.findIndex(
    ({ startedSeconds }, index) =>
      !Number.isFinite(startedSeconds) ||
      (index > 0 && startedSeconds <= processes[index - 1]!.startedSeconds),
  );
  if (irregular !== -1)
    return fail(
      reason('start-time-went-back', {
        target: surroundings.name,
        started: String(processes[irregular]!.startedSeconds),
        before: irregular === 0 ? null : String(processes[irregular - 1]!.startedSeconds),
      }),
    );
  const instances: ProcessInstance[] = [];
  for (const index of processes.keys()) {
    const instance = instanceOf(processes, index, surroundings);
    if (!instance.ok) return instance;
    if (instance.value !== null) instances.push(instance.value);
  }
  return ok(instances);
}

function processesOf(starts: readonly Sample[]): readonly Process[] {
  const processes: { startedSeconds: number; times: number[] }[] = [];
  for (const [at, value] of starts) {
    const last = processes.at(-1);
    if (last?.startedSeconds === Number(value)) last.times.push(at);
    else processes.push({ startedSeconds: Number(value), times: [at] });
  }
  return processes;
}

/** null if the process ended before the window, or began after it. */
function instanceOf(
  processes: readonly Process[],
  index: number,
  around: Surroundings,
): Result<ProcessInstance | null, Reason> {
  const { fromSeconds, toSeconds } = around;
  const { startedSeconds, times } = processes[index]!;
  const [first, last] = [times[0]!, times.at(-1)!];
  const endSeconds = processes[index + 1]?.times[0] ?? around.listedUntilSeconds;
  if (endSeconds <= fromSeconds) return ok(null);
  if (first >= toSeconds && startedSeconds >= toSeconds) return ok(null);
  const beganInside = first > fromSeconds;
  const problem = beganInside
    ? birthProblem(processes, index, around)
    : last > fromSeconds
      ? openingProblem(times, around)
      : null;
  if (problem !== null) return fail(problem);
  const openSeconds = beganInside ? first : times.findLast((at) => at <= fromSeconds)!;
  const closeSeconds = times.find((at) => at >= toSeconds);
  if (closeSeconds !== undefined) {
    const before = times.findLast((at) => at < closeSeconds) ?? fromSeconds;
    if (isMissedBetween(closeSeconds - toSeconds, closeSeconds - before, around.intervalSeconds))
      return fail(
        reason('edge-scrape-late', {
          target: around.name,
          edge: 'close',
          seconds: closeSeconds - toSeconds,
        }),
      );
  }
  return ok({
    beganSeconds: beganInside ? startedSeconds : null,
    openSeconds,
    closeSeconds: closeSeconds ?? last,
    unseenSeconds:
      closeSeconds === undefined ? Math.min(endSeconds, toSeconds) - Math.max(last, fromSeconds) : 0,
  });
}

/**
 * A process that no earlier scrape saw must have begun in the window, or within the last scrape interval
 * before it.
 */
function birthProblem(processes: readonly Process[], index: number, around: Surroundings): Reason | null {
  const { name, fromSeconds, intervalSeconds } = around;
  const { startedSeconds, times } = processes[index]!;
  const first = times[0]!;
  if (startedSeconds > first + START_TOLERANCE_SECONDS)
    return reason('started-after-scrape', { target: name, seconds: startedSeconds - first });
  const before = processes[index - 1]?.times.at(-1);
  // Whenever it started, it cannot have responded before its predecessor ended.
  if (before !== undefined && before >= fromSeconds) return null;
  return startedSeconds < fromSeconds - LATE * intervalSeconds
    ? reason('started-unseen', { target: name, seconds: fromSeconds - startedSeconds })
    : null;
}

function openingProblem(times: readonly number[], { name, fromSeconds, intervalSeconds }: Surroundings) {
  const open = times.findLast((at) => at <= fromSeconds)!;
  const next = times.find((at) => at > fromSeconds)!;
  return isMissedBetween(fromSeconds - open, next - open, intervalSeconds)
    ? reason('edge-scrape-late', { target: name, edge: 'open', seconds: fromSeconds - open })
    : null;
}

/**
 * Whether a scrape is missing between an edge scrape and the request next to it. The two must be far enough apart for another scrape, and
 * the gap between scrapes must be too long.
 */
export function isMissedBetween(distance: number, gap: number, intervalSeconds: number): boolean {
  return distance >= intervalSeconds && gap > LATE * intervalSeconds;
}
