import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Load, PlannedObjective } from '../../slas/model/model.ts';
import { type Exit, onAbort, type Started } from '../process/processes.ts';
import type { RemoteGenerators, Stack } from '../stack/stack.ts';
import { onlyTo, onlyToAddresses } from './allowed-addresses.ts';
import { type BudgetWatch, watchBudgets } from './budget-watch.ts';
import { guardAgainstErrors } from './error-guard.ts';
import {
  CONFIG_FILE,
  environmentOf,
  fixedArguments,
  type K6Options,
  segmentsOf,
  startK6,
  targetOf,
} from './k6-arguments.ts';
import { type ProgressReporter, reportProgress } from './live.ts';
import type { DecidedAt, Looks } from './looks/looks.ts';
import { type NamedPipe, openPipe } from './record/pipe.ts';
import { Recorder, type SeenRequest } from './record/recorder.ts';
import { virtualUsersFor } from './virtual-users.ts';

/**
 * Starts the k6 processes of a run. Several processes share the load through k6's execution segments. Exactly one of them
 * starts each planned arrival, without coordination.
 */

export interface RunK6Options extends K6Options {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** Shows lines at a fixed position on the terminal; absent if there is no terminal. */
  readonly show?: (lines: readonly string[]) => void;
  /** Creates the looks that decide when the load can stop; absent: the run is judged only after the whole load. */
  readonly looks?: (recorder: Recorder, startedSeconds: number) => Looks;
  /** Latencies of these objectives are shown during the load, and requests are recorded under the paths that they name. */
  readonly objectives: readonly PlannedObjective[];
  /** The load is expected to be more than the service can handle. */
  readonly isOverloadLikely?: boolean;
}

export interface Generator {
  readonly k6: Started;
  readonly summaryFile: string;
  /** The pipe into which k6 writes the samples of all metrics. They are read as they arrive. */
  readonly samples: Pick<NamedPipe, 'close'>;
}

export interface Generators extends AsyncDisposable {
  readonly each: readonly Generator[];
  /** The Unix time at which the first load generator was started. */
  readonly startedSeconds: number;
  /** The reasons why the record is unreliable, in words. Call this after all load generators have ended. */
  problems(): readonly string[];
  readonly recorder: Recorder;
  /** Registers the observer that receives each request to the target. */
  watch(see: (request: SeenRequest) => void): void;
}

export async function startGenerators(load: Load, stack: Stack, options: RunK6Options): Promise<Generators> {
  const loadFile = join(options.folder, 'load.json');
  const readyVirtualUsers = virtualUsersFor(load, options.objectives, options.isOverloadLikely);
  await writeFile(loadFile, `${JSON.stringify({ readyVirtualUsers, ...load }, null, 2)}\n`);
  await writeFile(join(options.folder, CONFIG_FILE), '{}\n');
  let see: (request: SeenRequest) => void = () => {};
  const recorder = new Recorder(targetOf(stack), selectorsOf(options.objectives), (request) => see(request));
  const watch: Generators['watch'] = (observer) => {
    see = observer;
  };
  if (stack.remote !== undefined) {
    const remote = await startRemote(load, loadFile, stack.remote, recorder, options);
    return { ...remote, recorder, watch };
  }
  const allowed = await onlyTo(targetOf(stack));
  const startedSeconds = Date.now() / 1000;
  await using cleanUp = new AsyncDisposableStack();
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
    startedSeconds,
    problems: () => [],
    watch,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Starts load generators that run elsewhere. They start together, and their samples arrive without a pipe. */
async function startRemote(
  load: Load,
  loadFile: string,
  { addresses, startAll, serviceUrl }: RemoteGenerators,
  recorder: Recorder,
  { root, cwd, env, folder, logs, generators = 1 }: RunK6Options,
): Promise<Omit<Generators, 'recorder' | 'watch'>> {
  const names = segmentsOf(generators).map(({ name }) => name);
  const files = names.map((name) => {
    const rows = recorder.readerOf();
    return {
      logFile: join(logs, `${name}.log`),
      summaryFile: join(folder, `${name.replace('k6', 'k6-summary')}.json`),
      samples: (chunk: Buffer) => rows.push(chunk),
    };
  });
  for (const { logFile } of files) await writeFile(logFile, '');
  const started = await startAll({
    script: resolve(root, load.script),
    cwd: load.k6 === undefined ? root : (cwd ?? root),
    archiveEnv: { ...environmentOf(env), SLA_LOAD: loadFile, SLA_TARGET: serviceUrl },
    loadFile,
    args: [...onlyToAddresses(addresses), ...fixedArguments(load, generators)],
    ...{ names, files, longestSeconds: longestSecondsOf(load) },
  });
  return {
    each: started.each.map((k6, at) => ({
      k6,
      summaryFile: files[at]!.summaryFile,
      // Samples that did not arrive are reported by `problems`.
      samples: { close: async () => true },
    })),
    startedSeconds: started.startedSeconds,
    problems: started.problems,
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  };
}

/** The paths that the objectives' `client:` names. */
const selectorsOf = (objectives: readonly PlannedObjective[]): readonly string[] => [
  ...new Set(
    objectives.flatMap(({ measure }) => {
      if (measure.kind === 'recovery') return [measure.path];
      return 'clientPath' in measure ? (measure.clientPath ?? []) : [];
    }),
  ),
];

/** The additional time that k6 may take to start, to wait for the last responses, and to write its summary. */
const SLACK_SECONDS = 60;

/** An arrival at the very end still sends all of its requests, with a think time of at most one second between them. */
function longestSecondsOf({
  k6,
  scheduledSeconds,
  requestsPerArrival = 1,
  requestTimeoutSeconds,
}: Load): number {
  const visitSeconds = requestsPerArrival * (requestTimeoutSeconds + 1);
  return k6?.longestSeconds ?? scheduledSeconds + visitSeconds;
}

export interface Ended {
  readonly exits: readonly Exit[];
  /** Why the harness stopped the load; null if it did not stop it. */
  readonly stoppedBecause: string | null;
  /** Whether the harness stopped k6, for any reason. */
  readonly wasStopped: boolean;
  /** Whether the last samples could not be read. */
  readonly isCut: boolean;
  /** The look that decided the run, if the load was stopped because of it. */
  readonly decided: DecidedAt | null;
}

/** Reports progress. Stops load generators that exceed their time, and a load that an external service cannot handle. */
export async function whileRunning(
  generators: Generators,
  load: Load,
  startedSeconds: number,
  stack: Pick<Stack, 'isOurs' | 'serviceUrl'>,
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
  const longestMs = (longestSecondsOf(load) + SLACK_SECONDS) * 1000;
  const bound = setTimeout(stopAll, longestMs);
  const forget = onAbort(options.signal, stopAll);
  using reporter = reportProgress(load, startedSeconds, options);
  await using looks = options.looks?.(generators.recorder, startedSeconds) ?? null;
  const guards = [
    watchBudgets(load),
    ...(stack.isOurs ? [] : [guardAgainstErrors(stack.serviceUrl)]),
    ...(looks === null ? [] : [looks]),
  ];
  using watch = watchFor(guards, generators, reporter, (reason) => {
    options.progress(`stopping the load: ${reason}`);
    stopAll();
  });
  // If one load generator stops during the run, the remaining load differs from the plan, so all are stopped. After the
  // schedule, a crossed threshold or an exception in teardown() loses no requests. The other load generators then still wait
  // for their last responses.
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
      decided: isDecided ? looks!.decided : null,
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

/** Passes each request to the progress reporter and to the guards. A guard stops the load at most once. */
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
    // Load generators that have already ended are not stopped.
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
