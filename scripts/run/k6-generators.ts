import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Load, PlannedObjective } from '../../slas/model/model.ts';
import { type Exit, onAbort, type Started, start } from '../process/processes.ts';
import type { Stack } from '../stack/stack.ts';
import type { FoundTool } from '../tools/types.ts';
import { type ErrorGuard, guardAgainstErrors } from './error-guard.ts';
import type { RecordedRequest } from './k6-requests.ts';
import { TREND_STATS } from './k6-summary.ts';
import { followRequests } from './k6-tail.ts';
import { type ProgressReporter, reportProgress } from './live.ts';

/**
 * The k6 processes of a run. Several share the load through k6's execution segments: each planned arrival is started by
 * exactly one of them, without coordination.
 */

/** Path and version of k6. */
export type Generating = Pick<FoundTool, 'path' | 'version'>;

export interface RunK6Options {
  readonly id: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly k6: Generating;
  /** The run folder: k6's summaries are written here. */
  readonly folder: string;
  readonly logs: string;
  /** Number of k6 processes that share the load; default 1. */
  readonly generators?: number;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** Shows lines at a fixed position; absent without a terminal. */
  readonly show?: (lines: readonly string[]) => void;
  /** Objectives whose latency is shown while the load runs. */
  readonly objectives: readonly PlannedObjective[];
}

export interface Generator {
  readonly k6: Started;
  readonly summaryFile: string;
  /** All samples of all metrics; deleted as soon as the requests have been read. */
  readonly csvFile: string;
}

export interface Generators extends AsyncDisposable {
  readonly each: readonly Generator[];
}

export async function startGenerators(load: Load, stack: Stack, options: RunK6Options): Promise<Generators> {
  const loadFile = join(options.folder, 'load.json');
  await writeFile(loadFile, `${JSON.stringify(load, null, 2)}\n`);
  await using cleanUp = new AsyncDisposableStack();
  const each: Generator[] = [];
  for (const { name, args } of segmentsOf(options.generators ?? 1)) {
    const files = {
      summaryFile: join(options.folder, `${name.replace('k6', 'k6-summary')}.json`),
      csvFile: join(options.folder, `${name.replace('k6', 'k6-samples')}.csv`),
    };
    // The file is large and no longer needed, so it is deleted even after an interrupt.
    cleanUp.defer(() => rm(files.csvFile, { force: true }));
    const k6 = cleanUp.use(await startK6(load, stack, { name, args, loadFile, ...files }, options));
    each.push({ k6, ...files });
  }
  const owned = cleanUp.move();
  return { each, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface Segment {
  /** `k6`, or `k6-1` and so on: the prefix of its file names. */
  readonly name: string;
  readonly args: readonly string[];
}

/** The arguments that give each k6 process its part of the arrivals. */
export function segmentsOf(generators: number): readonly Segment[] {
  if (generators === 1) return [{ name: 'k6', args: [] }];
  const edge = (at: number) => (at === 0 ? '0' : at === generators ? '1' : `${at}/${generators}`);
  const edges = Array.from({ length: generators + 1 }, (_, at) => edge(at));
  return Array.from({ length: generators }, (_, index) => ({
    name: `k6-${index + 1}`,
    args: [
      '--execution-segment',
      `${edges[index]}:${edges[index + 1]}`,
      '--execution-segment-sequence',
      edges.join(','),
    ],
  }));
}

/**
 * K6_ITERATIONS and similar variables would change the planned load; a proxy would receive the load instead of the service;
 * and a load script does not need the Prometheus token.
 */
const NOT_FOR_K6 = /^(K6_.*|(HTTPS?|ALL|NO)_PROXY|PROMETHEUS_TOKEN(_FILE)?)$/i;
export const environmentOf = (env: RunK6Options['env']) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_FOR_K6.test(name)));

interface Files {
  readonly loadFile: string;
  readonly summaryFile: string;
  readonly csvFile: string;
}

function startK6(
  load: Load,
  stack: Stack,
  { name, args, loadFile, summaryFile, csvFile }: Segment & Files,
  { root, env, k6, folder, logs }: RunK6Options,
): Promise<Started> {
  // Port 0: the API of k6 has a fixed default port, on which two processes would collide.
  const fixed = ['run', '--quiet', '--no-color', '--no-usage-report', '--address', '127.0.0.1:0'];
  const written = ['--out', `csv=${csvFile}`, '--summary-export', summaryFile];
  const whole = [
    ...fixed,
    ...written,
    '--summary-trend-stats',
    TREND_STATS,
    ...args,
    join(root, load.script),
  ];
  const environment = {
    SLA_LOAD: loadFile,
    SLA_TARGET: stack.generators?.serviceUrl ?? stack.serviceUrl,
    SLA_SUMMARY: summaryFile,
    K6_CSV_TIME_FORMAT: 'unix_micro',
  };
  if (stack.generators !== undefined)
    return stack.generators.start(name, whole, { root, folder, environment });
  return start(name, k6.path, whole, {
    cwd: root,
    env: { ...environmentOf(env), ...environment },
    logFile: join(logs, `${name}.log`),
  });
}

/** Time that k6 may take beyond its schedule: to start, to wait for the last responses, to write its summary. */
const SLACK_SECONDS = 60;

export interface Ended {
  readonly exits: readonly Exit[];
  /** Why the harness stopped the load; null if it did not stop it. */
  readonly stoppedBecause: string | null;
}

/** Reports progress, and stops load generators that exceed their time, or a load that an external service cannot handle. */
export async function whileRunning(
  { each }: Generators,
  load: Load,
  startedSeconds: number,
  stack: Pick<Stack, 'isOurs'>,
  options: RunK6Options,
): Promise<Ended> {
  let isStopping = false;
  const stopAll = () => {
    // A second signal would end k6 immediately, without its summary.
    if (isStopping) return;
    isStopping = true;
    for (const { k6 } of each) void k6.stop();
  };
  // An arrival at the very end still sends all its requests, with at most a second of think time between them.
  const visitSeconds = (load.requestsPerArrival ?? 1) * (load.requestTimeoutSeconds + 1);
  const longestMs = (load.scheduledSeconds + visitSeconds + SLACK_SECONDS) * 1000;
  const bound = setTimeout(stopAll, longestMs);
  const forget = onAbort(options.signal, stopAll);
  using reporter = reportProgress(load, startedSeconds, options);
  using watch = watchFor(stack.isOurs ? null : guardAgainstErrors(), each, reporter, (reason) => {
    options.progress(`stopping the load: ${reason}`);
    stopAll();
  });
  // If one stops during the run, the rest is no longer the planned load, so all are stopped. After the schedule, a crossed threshold
  // or an exception in teardown() loses nothing, and the others still wait for their last responses.
  const ended = async ({ k6 }: Generator) => {
    const exit = await k6.exited;
    if (exit.code !== 0 && exit.atSeconds - startedSeconds < load.scheduledSeconds) stopAll();
    return exit;
  };
  try {
    const exits = await Promise.all(each.map(ended));
    options.signal.throwIfAborted();
    return { exits, stoppedBecause: watch.stoppedBecause };
  } finally {
    clearTimeout(bound);
    forget();
  }
}

interface Watch extends Disposable {
  readonly stoppedBecause: string | null;
}

/** Passes each request to the progress reporter and to the guard, which stops the load once. */
function watchFor(
  guard: ErrorGuard | null,
  each: Generators['each'],
  reporter: ProgressReporter,
  stop: (reason: string) => void,
): Watch {
  let stoppedBecause: string | null = null;
  const found = (request: RecordedRequest) => {
    reporter.see(request);
    guard?.see(request);
  };
  const looked = () => {
    reporter.looked();
    const reason = guard?.reason() ?? null;
    // Load generators that have already ended need no stop.
    if (reason === null || stoppedBecause !== null || each.every(({ k6 }) => k6.exit() !== null)) return;
    stoppedBecause = reason;
    stop(reason);
  };
  const files = each.map(({ csvFile }) => csvFile);
  const following = followRequests(files, found, looked);
  return {
    get stoppedBecause() {
      return stoppedBecause;
    },
    [Symbol.dispose]: () => following[Symbol.dispose](),
  };
}
