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
 * The k6 processes of a run. Several share the load by k6's own execution segments: each arrival of the plan is started by
 * exactly one of them, and none knows of the others.
 */

/** The k6 that is run: where it is, and of which version. */
export type Generating = Pick<FoundTool, 'path' | 'version'>;

export interface RunK6Options {
  readonly id: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly k6: Generating;
  /** The run folder: k6's summaries are written here. */
  readonly folder: string;
  readonly logs: string;
  /** How many k6 share the load; one by default. */
  readonly generators?: number;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  /** Lines that stay in place, where there is a terminal. */
  readonly show?: (lines: readonly string[]) => void;
  /** Those whose latency is told while it runs. */
  readonly objectives: readonly PlannedObjective[];
}

export interface Generator {
  readonly k6: Started;
  readonly summaryFile: string;
  /** Every sample of every metric passes through here: it goes as soon as the requests are read out of it. */
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
    // Who is interrupted keeps what is of use to somebody; this is large, and read by nobody any more.
    cleanUp.defer(() => rm(files.csvFile, { force: true }));
    const k6 = cleanUp.use(await startK6(load, stack, { name, args, loadFile, ...files }, options));
    each.push({ k6, ...files });
  }
  const owned = cleanUp.move();
  return { each, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

interface Segment {
  /** `k6`, or `k6-1` and so on: its files are named after it. */
  readonly name: string;
  readonly args: readonly string[];
}

/** The arguments that make each of several k6 start its part of the arrivals. */
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
 * K6_ITERATIONS and its like would change the load that was planned; a proxy would be loaded in place of the service; and
 * Prometheus's token is nothing that a load script needs.
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
  // Port 0: k6's own API would take a fixed port, and two of them side by side would fight for it.
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

/** What k6 may take beyond its schedule: to start, to wait for the last answers, to write its summary. */
const SLACK_SECONDS = 60;

export interface Ended {
  readonly exits: readonly Exit[];
  /** Why we have ended the load, in words; null: we have not. */
  readonly stoppedBecause: string | null;
}

/** Tells how it is going, and puts an end to generators that do not, and to a load that somebody else's service cannot bear. */
export async function whileRunning(
  { each }: Generators,
  load: Load,
  startedSeconds: number,
  stack: Pick<Stack, 'isOurs'>,
  options: RunK6Options,
): Promise<Ended> {
  let isStopping = false;
  const stopAll = () => {
    // Told twice, k6 ends at once, without its summary.
    if (isStopping) return;
    isStopping = true;
    for (const { k6 } of each) void k6.stop();
  };
  // A visit that began at the very end still makes all its requests, with at most a second of thought between them.
  const visitSeconds = (load.requestsPerArrival ?? 1) * (load.requestTimeoutSeconds + 1);
  const longestMs = (load.scheduledSeconds + visitSeconds + SLACK_SECONDS) * 1000;
  const bound = setTimeout(stopAll, longestMs);
  const forget = onAbort(options.signal, stopAll);
  using reporter = reportProgress(load, startedSeconds, options);
  using watch = watchFor(stack.isOurs ? null : guardAgainstErrors(), each, reporter, (reason) => {
    options.progress(`stopping the load: ${reason}`);
    stopAll();
  });
  // Where one stops in the middle the rest of the load is no load of the plan: nobody needs it. At the end of the schedule a crossed
  // threshold or an exception of teardown() cuts nothing, and the others still wait for their last responses.
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

/** Shows each request to whoever tells how it goes, and to the guard, which stops the load once. */
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
    // Generators that have ended by themselves are not stopped by us.
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
