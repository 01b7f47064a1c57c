import { dirname } from 'node:path';
import type { Load, LoadRecord, RunRecord } from '../../slas/model/model.ts';
import { formatCount } from '../../slas/render/numbers.ts';
import { HarnessError } from '../cli/errors.ts';
import { formatExit, type Started } from '../process/processes.ts';
import type { Stack } from '../stack/stack.ts';
import { targetOf } from './k6-arguments.ts';
import { cutBecause, decisiveEnd, diedOf, type EndedK6, failuresOf } from './k6-end.ts';
import { type RunK6Options, startGenerators, whileRunning } from './k6-generators.ts';
import { readErrors } from './k6-log.ts';
import { checksOf, readSummary, type Summary, thresholdsOf, wholeOf } from './k6-summary.ts';
import type { DecidedAt } from './looks/looks.ts';
import { type Counts, checkedIn, countsOf, windowOf } from './record/counts.ts';
import { refusedAtTarget } from './record/paths.ts';
import type { Recorded } from './record/recorder.ts';
import { scheduleOf } from './record/schedule.ts';

export type { RunK6Options } from './k6-generators.ts';

/** Exit codes of a k6 that could not run the script or its options. It has sent nothing and writes no summary. */
const NEVER_BEGAN = [104, 106, 107, 255];

/**
 * Sends the planned load with k6 and returns k6's record of it. If k6 dies during the run, that is evidence (`completed` is
 * false). If k6 cannot start, that is a HarnessError.
 */
export async function runLoad(load: Load, stack: Stack, options: RunK6Options): Promise<RunRecord> {
  await using generators = await startGenerators(load, stack, options);
  const { startedSeconds } = generators;
  const ended = await whileRunning(generators, load, startedSeconds, stack, options);
  const ends = await Promise.all(
    generators.each.map(
      async ({ k6, summaryFile }, index): Promise<EndedK6> => ({
        exit: ended.exits[index]!,
        summary: await readSummary(summaryFile),
        log: await readErrors(k6.logFile, load.k6 === undefined ? options.root : dirname(load.script)),
      }),
    ),
  );
  const summaries = wholeOf(ends.map((end) => end.summary));
  const failed = ends.findIndex((end) => end.summary === null && NEVER_BEGAN.includes(end.exit.code ?? 0));
  if (failed !== -1) throw neverBegan(generators.each[failed]!.k6, ends[failed]!, load);
  const decisive = decisiveEnd(ends);
  const { exit } = decisive;
  const recorded = generators.recorder.finish();
  const unread = [
    ...unreadIn(recorded.unread, ended.isCut),
    ...refusedAtTarget(recorded.elsewhere, targetOf(stack)),
    ...generators.problems(),
  ];
  const counts = countsOf(recorded, load);
  const stoppedBecause = ended.stoppedBecause ?? cutBecause(decisive, counts, load);
  const end = { stoppedBecause, ranSeconds: exit.atSeconds - startedSeconds };
  return {
    schema: 'sla-harness/run/v1',
    id: options.id,
    window: windowOf(recorded, startedSeconds, exit.atSeconds),
    load: {
      ...recordOf(load, options, end, counts),
      ...decidedIn(ended.decided),
      ...scheduleOf(load, recorded),
      ...scriptOf(ends, summaries, recorded, unread),
      ...elsewhereOf(recorded),
      ...interruptedOf(ends, ended.wasStopped),
      ...(recorded.client === null ? {} : { client: recorded.client }),
    },
    incidents: incidentsOf(decisive, await stack.incidents()),
  };
}

function decidedIn(decided: DecidedAt | null) {
  if (decided === null) return {};
  const { atSeconds, lateP99Seconds } = decided;
  return {
    decidedAtSeconds: atSeconds,
    ...(lateP99Seconds === undefined ? {} : { decidedLateP99Seconds: lateP99Seconds }),
  };
}

function neverBegan(k6: Started, { exit, log }: EndedK6, load: Load): HarnessError {
  const first = log.first === null ? '' : `: ${log.first}`;
  return new HarnessError(
    'k6-cannot-run',
    `k6 cannot run ${load.script} (${formatExit(exit)})${first}\nLast log lines:\n${k6.tail()}`,
    {
      nextStep: `fix ${load.script}, or the load of the scenario in the SLA document`,
    },
  );
}

// ---------------------------------------------------------------------------------------------- results of the script

/** If the harness stops the load, interrupted iterations are not the service's fault. */
function interruptedOf(ends: readonly EndedK6[], wasStopped: boolean): Partial<LoadRecord> {
  const counts = ends.map(({ log }) => log.interrupted);
  if (wasStopped || counts.some((count) => count === null)) return {};
  return { interruptedIterations: counts.reduce<number>((sum, count) => sum + count!, 0) };
}

/**
 * What k6 and the script report about responses and about the script itself. `wrongAnswers` is absent if the script checks
 * no body.
 */
function scriptOf(
  ends: readonly EndedK6[],
  summaries: readonly Summary[] | null,
  { bodies }: Recorded,
  unread: readonly string[],
): Partial<LoadRecord> {
  const scriptErrors = ends.reduce((sum, { log }) => sum + log.inIterations, 0);
  const first = ends.find(({ log }) => log.firstInIteration !== null)?.log.firstInIteration;
  return {
    ...checkedIn(bodies),
    ...(bodies === null && scriptErrors === 0 ? {} : { scriptErrors }),
    ...(first === undefined || first === null ? {} : { firstScriptError: first }),
    ...reportedBy(ends, summaries, unread),
  };
}

/** The failures that k6 itself reports. */
function reportedBy(
  ends: readonly EndedK6[],
  summaries: readonly Summary[] | null,
  unread: readonly string[],
): Partial<LoadRecord> {
  const thresholds = summaries === null ? undefined : thresholdsOf(summaries);
  const failures = failuresOf(ends, thresholds?.some((one) => one.isCrossed) === true);
  return {
    ...(summaries === null ? {} : { checks: checksOf(summaries) }),
    ...(thresholds === undefined ? {} : { thresholds }),
    ...(failures === undefined ? {} : { failures: [...failures, ...unread] }),
  };
}

/** Gaps in the record. They are always reported, so that no run passes because of missing samples. */
const unreadIn = (unread: number, isCut: boolean): readonly string[] => [
  ...(unread === 0 ? [] : [`${formatCount(unread)} samples from k6 could not be read`]),
  ...(isCut ? ['the last samples from k6 could not be read in time'] : []),
];

/** Parts of the load that the verdict ignores: requests to other hosts, and other protocols. */
const elsewhereOf = ({ elsewhere, grpc, webSockets }: Recorded): Partial<LoadRecord> => {
  const others = [
    { protocol: 'grpc' as const, samples: grpc },
    { protocol: 'websocket' as const, samples: webSockets },
  ].filter(({ samples }) => samples > 0);
  return {
    ...(elsewhere.size === 0
      ? {}
      : { elsewhere: [...elsewhere].map(([host, requests]) => ({ host, requests })) }),
    ...(others.length === 0 ? {} : { otherProtocols: others }),
  };
};

function incidentsOf(decisive: EndedK6, others: readonly string[] | null): readonly string[] | null {
  const died = diedOf(decisive);
  return others === null && died.length === 0 ? null : [...died, ...(others ?? [])];
}

function recordOf(
  load: Load,
  { k6, generators }: RunK6Options,
  end: { stoppedBecause: string | null; ranSeconds: number },
  counts: Counts,
): LoadRecord {
  const { stoppedBecause, ranSeconds } = end;
  return {
    generator: {
      name: 'k6',
      version: k6.version,
      ...(generators === undefined || generators === 1 ? {} : { instances: generators }),
    },
    plannedRequests: load.plannedRequests,
    scheduledSeconds:
      stoppedBecause === null ? load.scheduledSeconds : Math.min(load.scheduledSeconds, ranSeconds),
    ...counts,
    completed: stoppedBecause === null,
    stoppedBecause,
  };
}
