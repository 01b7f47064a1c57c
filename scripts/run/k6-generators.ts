import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Load, PlannedObjective } from '../../slas/model/model.ts';
import { type Exit, onAbort, type Started } from '../process/processes.ts';
import type { Stack } from '../stack/stack.ts';
import { onlyTo } from './allowed-addresses.ts';
import { type BudgetWatch, watchBudgets } from './budget-watch.ts';
import { guardAgainstErrors } from './error-guard.ts';
import { CONFIG_FILE, type K6Options, segmentsOf, startK6, targetOf } from './k6-arguments.ts';
import { type ProgressReporter, reportProgress } from './live.ts';
import type { Looks } from './looks/looks.ts';
import { type NamedPipe, openPipe } from './record/pipe.ts';
import { Recorder, type SeenRequest } from './record/recorder.ts';
import { virtualUsersFor } from './virtual-users.ts';

/**
 * The k6 processes of a run. Several share the load through k6's execution segments: each planned arrival is started by
 * exactly one of them, without coordination.
 */

export interface RunK6Options extends K6Options {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** Shows lines at a fixed position; absent without a terminal. */
  readonly show?: (lines: readonly string[]) => void;
  /** Looks at the run while it lasts, and says when it is decided. Absent: it is judged after the load. */
  readonly looks?: (recorder: Recorder, startedSeconds: number) => Looks;
  /** Their latencies are shown while the load runs, and requests are recorded under the paths that they name. */
  readonly objectives: readonly PlannedObjective[];
}

export interface Generator {
  readonly k6: Started;
  readonly summaryFile: string;
  /** k6 writes all samples of all metrics here; they are read as they arrive. */
  readonly samples: NamedPipe;
}

export interface Generators extends AsyncDisposable {
  readonly each: readonly Generator[];
  readonly recorder: Recorder;
  /** Called with each request to the target. */
  watch(see: (request: SeenRequest) => void): void;
}

export async function startGenerators(load: Load, stack: Stack, options: RunK6Options): Promise<Generators> {
  const loadFile = join(options.folder, 'load.json');
  const readyVirtualUsers = virtualUsersFor(load, options.objectives);
  await writeFile(loadFile, `${JSON.stringify({ readyVirtualUsers, ...load }, null, 2)}\n`);
  await writeFile(join(options.folder, CONFIG_FILE), '{}\n');
  const allowed = await onlyTo(targetOf(stack));
  await using cleanUp = new AsyncDisposableStack();
  let see: (request: SeenRequest) => void = () => {};
  const recorder = new Recorder(targetOf(stack), selectorsOf(options.objectives), (request) => see(request));
  const each: Generator[] = [];
  for (const { name, args } of segmentsOf(options.generators ?? 1)) {
    const summaryFile = join(options.folder, `${name.replace('k6', 'k6-summary')}.json`);
    const rows = recorder.readerOf();
    const samples = cleanUp.use(
      await openPipe(join(options.folder, `${name.replace('k6', 'k6-samples')}.pipe`), (chunk) =>
        rows.push(chunk),
      ),
    );
    const files = { loadFile, summaryFile, samples: samples.path };
    const k6 = cleanUp.use(
      await startK6(load, stack, { name, args: [...allowed, ...args], ...files }, options),
    );
    each.push({ k6, summaryFile, samples });
  }
  const owned = cleanUp.move();
  return {
    each,
    recorder,
    watch: (observer) => {
      see = observer;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The paths in the objectives' `client:`. */
const selectorsOf = (objectives: readonly PlannedObjective[]): readonly string[] => [
  ...new Set(
    objectives.flatMap(({ measure }) => {
      if (measure.kind === 'recovery') return [measure.path];
      return 'clientPath' in measure ? (measure.clientPath ?? []) : [];
    }),
  ),
];

/** Time that k6 may take beyond its schedule: to start, to wait for the last responses, to write its summary. */
const SLACK_SECONDS = 60;

export interface Ended {
  readonly exits: readonly Exit[];
  /** Why the harness stopped the load; null if it did not stop it. */
  readonly stoppedBecause: string | null;
  /** The harness stopped k6, for whatever reason. */
  readonly wasStopped: boolean;
  /** The last samples could not be read. */
  readonly isCut: boolean;
  /** The look that decided the run, if the load was stopped for it. */
  readonly decidedAtSeconds: number | null;
}

/** Reports progress, and stops load generators that exceed their time, or a load that an external service cannot handle. */
export async function whileRunning(
  generators: Generators,
  load: Load,
  startedSeconds: number,
  stack: Pick<Stack, 'isOurs'>,
  options: RunK6Options,
): Promise<Ended> {
  const { each } = generators;
  let isStopping = false;
  let isCut = false;
  const stopAll = () => {
    // A second signal would end k6 immediately, without its summary.
    if (isStopping) return;
    isStopping = true;
    for (const { k6 } of each) void k6.stop();
  };
  // An arrival at the very end still sends all its requests, with at most a second of think time between them.
  const visitSeconds = (load.requestsPerArrival ?? 1) * (load.requestTimeoutSeconds + 1);
  const longestSeconds = load.k6?.longestSeconds ?? load.scheduledSeconds + visitSeconds;
  const longestMs = (longestSeconds + SLACK_SECONDS) * 1000;
  const bound = setTimeout(stopAll, longestMs);
  const forget = onAbort(options.signal, stopAll);
  using reporter = reportProgress(load, startedSeconds, options);
  await using looks = options.looks?.(generators.recorder, startedSeconds) ?? null;
  const guards = [
    watchBudgets(load),
    ...(stack.isOurs ? [] : [guardAgainstErrors()]),
    ...(looks === null ? [] : [looks]),
  ];
  using watch = watchFor(guards, generators, reporter, (reason) => {
    options.progress(`stopping the load: ${reason}`);
    stopAll();
  });
  // If one stops during the run, the rest is no longer the planned load, so all are stopped. After the schedule, a crossed threshold
  // or an exception in teardown() loses nothing, and the others still wait for their last responses.
  const ended = async ({ k6, samples }: Generator) => {
    const exit = await k6.exited;
    if (exit.code !== 0 && exit.atSeconds - startedSeconds < load.scheduledSeconds) stopAll();
    if (!(await samples.close())) isCut = true;
    return exit;
  };
  try {
    const exits = await Promise.all(each.map(ended));
    options.signal.throwIfAborted();
    const { stoppedBecause } = watch;
    const isDecided = stoppedBecause !== null && stoppedBecause === looks?.reason();
    return {
      ...{ exits, stoppedBecause, isCut, wasStopped: isStopping },
      decidedAtSeconds: isDecided ? looks!.decidedAtSeconds : null,
    };
  } finally {
    clearTimeout(bound);
    forget();
  }
}

interface Watch extends Disposable {
  readonly stoppedBecause: string | null;
}

/** k6 writes its samples once a second. */
const LOOK_EVERY_MS = 1_000;

/**
 * Passes each request to the progress reporter and to the guards that may stop the load; the load is stopped
 * once.
 */
function watchFor(
  guards: readonly BudgetWatch[],
  { each, watch }: Generators,
  reporter: ProgressReporter,
  stop: (reason: string) => void,
): Watch {
  let stoppedBecause: string | null = null;
  watch((request) => {
    reporter.see(request);
    for (const guard of guards) guard.see(request);
  });
  const look = () => {
    reporter.looked();
    // Load generators that have already ended need no stop.
    if (stoppedBecause !== null || each.every(({ k6 }) => k6.exit() !== null)) return;
    const reason = guards.map((guard) => guard.reason()).find((one) => one !== null) ?? null;
    if (reason === null) return;
    stoppedBecause = reason;
    stop(reason);
  };
  const ticker = setInterval(look, LOOK_EVERY_MS);
  return {
    get stoppedBecause() {
      return stoppedBecause;
    },
    [Symbol.dispose]: () => clearInterval(ticker),
  };
}
