import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answersInAll, requestsOf } from '../slas/client-requests.ts';
import type { ClientRequests, Load, LoadRecord, RunRecord } from '../slas/model.ts';
import { plannedIn } from '../slas/phases.ts';
import { HarnessError } from './errors.ts';
import { type RecordedLoad, readRequests } from './k6-requests.ts';
import { type Exit, onAbort, type Running, start, tellExit } from './processes.ts';
import type { Stack } from './stack/stack.ts';
import type { FoundTool } from './tools/types.ts';

export interface RunK6Options {
  readonly id: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly k6: FoundTool;
  /** The run folder: k6's summary is written here. */
  readonly folder: string;
  readonly logs: string;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

const PROGRESS_EVERY_MS = 10_000;
/** What k6 may take beyond its schedule: to start, to wait for the last answers, to write its summary. */
const SLACK_SECONDS = 60;
/** k6 ends so, and without a summary, on a script or options that cannot be run: it never sent anything. */
const NEVER_BEGAN = [104, 106, 107, 255];

/**
 * Sends the load of a plan with k6 and returns what k6 says of it. A k6 that dies in the middle is evidence (`completed`
 * is false); one that could not begin is a HarnessError.
 */
export async function runLoad(load: Load, stack: Stack, options: RunK6Options): Promise<RunRecord> {
  const summaryFile = join(options.folder, 'k6-summary.json');
  const startedSeconds = Date.now() / 1000;
  await using k6 = await startK6(load, stack, summaryFile, options);
  const exit = await whileRunning(k6, load, startedSeconds, options);
  const summary = await readSummary(summaryFile);
  if (summary === null && NEVER_BEGAN.includes(exit.code ?? 0)) throw neverBegan(k6, exit, load);
  const stoppedBecause = reasonOf(exit, summary, load);
  const csvFile = requestsFile(options);
  const { client, phases } = await readRequests(csvFile);
  await rm(csvFile, { force: true });
  const counts = summary === null ? countsOfRequests(client) : countsOfSummary(summary);
  const end = { stoppedBecause, ranSeconds: exit.atSeconds - startedSeconds };
  const late = value(summary, 'sla_started_late_ms', 'p(99)');
  const record = {
    ...recordOf(load, options.k6.version, end, counts),
    ...(late === undefined ? {} : { startedLateP99Seconds: late / 1000 }),
    ...(await answersOf(summary, k6.logFile)),
    ...(client === null ? {} : { client }),
    ...phasesOf(load, phases),
  };
  return {
    schema: 'sla-harness/run/v1',
    id: options.id,
    window: windowOf(summary, startedSeconds, exit.atSeconds),
    load: record,
    incidents: incidentsOf(exit, summary, await stack.incidents()),
  };
}

/** K6_ITERATIONS and its like would change the load that was planned. */
const withoutOwnSettings = (env: RunK6Options['env']) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('K6_')));

/** Every sample of every metric passes through here: it goes as soon as the requests are read out of it. */
const requestsFile = ({ folder }: RunK6Options) => join(folder, 'k6-samples.csv');

async function startK6(
  load: Load,
  stack: Stack,
  summaryFile: string,
  options: RunK6Options,
): Promise<Running> {
  const loadFile = join(options.folder, 'load.json');
  await writeFile(loadFile, `${JSON.stringify(load, null, 2)}\n`);
  // Port 0: k6's own API would take a fixed port, and two gates side by side would fight for it.
  const args = [
    'run',
    '--quiet',
    '--no-color',
    '--no-usage-report',
    '--address',
    '127.0.0.1:0',
    '--out',
    `csv=${requestsFile(options)}`,
    join(options.root, load.script),
  ];
  return start('k6', options.k6.path, args, {
    cwd: options.root,
    env: {
      ...withoutOwnSettings(options.env),
      SLA_LOAD: loadFile,
      SLA_TARGET: stack.serviceUrl,
      SLA_SUMMARY: summaryFile,
      K6_CSV_TIME_FORMAT: 'unix_micro',
    },
    logFile: join(options.logs, 'k6.log'),
  });
}

/** Tells how it is going, and puts an end to a k6 that does not. */
async function whileRunning(
  k6: Running,
  load: Load,
  startedSeconds: number,
  options: RunK6Options,
): Promise<Exit> {
  const tell = () => {
    const elapsed = Math.min(load.scheduledSeconds, Math.round(Date.now() / 1000 - startedSeconds));
    options.progress(`loading: ${elapsed} of ${load.scheduledSeconds} s`);
  };
  const stop = () => void k6.stop();
  const longestMs = (load.scheduledSeconds + load.requestTimeoutSeconds + SLACK_SECONDS) * 1000;
  const ticker = setInterval(tell, PROGRESS_EVERY_MS);
  const bound = setTimeout(stop, longestMs);
  const forget = onAbort(options.signal, stop);
  try {
    const exit = await k6.exited;
    options.signal.throwIfAborted();
    return exit;
  } finally {
    clearInterval(ticker);
    clearTimeout(bound);
    forget();
  }
}

function neverBegan(k6: Running, exit: Exit, load: Load): HarnessError {
  return new HarnessError(
    'k6-cannot-run',
    `k6 cannot run ${load.script} (${tellExit(exit)}). Its last lines:\n${k6.tail()}`,
    {
      nextStep: `mend ${load.script}, or the scenario's load in the SLA document`,
    },
  );
}

// ---------------------------------------------------------------------------------------------- k6's summary

interface Summary {
  readonly metrics: Readonly<
    Record<string, { readonly values: Readonly<Record<string, number>> } | undefined>
  >;
}

async function readSummary(file: string): Promise<Summary | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Summary;
  } catch {
    return null;
  }
}

const value = (summary: Summary | null, metric: string, field: string) =>
  summary?.metrics[metric]?.values[field];
const count = (summary: Summary | null, metric: string) => value(summary, metric, 'count') ?? 0;

/** k6's exit code where a threshold was crossed: ours are the budgets. */
const BUDGET_USED_UP = 99;

/** Why k6 did not go through its whole plan; null if it did. A budget that is used up by its last requests cuts nothing. */
function reasonOf(exit: Exit, summary: Summary | null, load: Load): string | null {
  if (summary !== null && exit.code === BUDGET_USED_UP) {
    const { sent, answered, lost, droppedIterations } = countsOfSummary(summary);
    const ended = lost + answersInAll({ answered });
    const isWhole = sent + droppedIterations >= load.plannedRequests && ended === sent;
    return isWhole ? null : usedUp(summary, load);
  }
  if (exit.signal !== null || exit.code !== 0) return `k6 ended with ${tellExit(exit)}`;
  return summary === null ? 'k6 left no summary' : null;
}

function usedUp(summary: Summary, load: Load): string {
  const spent = load.budgets.map((budget) => ({
    ...budget,
    bad: count(summary, budget.metric),
  }));
  const told = spent
    .filter(({ bad, atMost }) => bad > atMost)
    .map(
      ({ objective, phase, bad, atMost }) =>
        `${bad} bad requests for ${objective}, of which ${plannedIn(load, phase ?? undefined).plannedRequests} can bear ${atMost}`,
    );
  return `nothing could save it any more: ${told.join('; ')}`;
}

/** A script that looks into no answer counts none as wrong, and says so by leaving the metric out. */
async function answersOf(
  summary: Summary | null,
  logFile: string,
): Promise<Pick<LoadRecord, 'wrongAnswers' | 'scriptErrors' | 'expectedRefusals'>> {
  const wrong = value(summary, 'sla_answers_wrong', 'count');
  if (wrong === undefined) return {};
  const expected = value(summary, 'sla_refusals_expected', 'count');
  const log = await readFile(logFile, 'utf8');
  // k6 goes on after an exception in an iteration, and tells only its log.
  return {
    wrongAnswers: wrong,
    scriptErrors: log.match(/level=error .*source=stacktrace/g)?.length ?? 0,
    ...(expected === undefined ? {} : { expectedRefusals: expected }),
  };
}

/** A k6 that was killed has died like anything else; one that stopped by a budget has not. */
function incidentsOf(
  exit: Exit,
  summary: Summary | null,
  others: readonly string[] | null,
): readonly string[] | null {
  const died =
    exit.signal !== null || summary === null ? [`k6 ended in the middle, with ${tellExit(exit)}`] : [];
  return others === null && died.length === 0 ? null : [...died, ...(others ?? [])];
}

type Counts = Pick<LoadRecord, 'sent' | 'answered' | 'lost' | 'droppedIterations'>;

function recordOf(
  load: Load,
  version: string,
  end: { stoppedBecause: string | null; ranSeconds: number },
  counts: Counts,
): LoadRecord {
  const { stoppedBecause, ranSeconds } = end;
  return {
    generator: { name: 'k6', version },
    plannedRequests: load.plannedRequests,
    scheduledSeconds:
      stoppedBecause === null ? load.scheduledSeconds : Math.min(load.scheduledSeconds, ranSeconds),
    ...counts,
    completed: stoppedBecause === null,
    stoppedBecause,
  };
}

function countsOfSummary(summary: Summary): Counts {
  const answered = (status: string) => count(summary, `sla_requests_answered_${status}`);
  return {
    sent: count(summary, 'sla_requests_sent'),
    answered: {
      '1xx': answered('1xx'),
      '2xx': answered('2xx'),
      '3xx': answered('3xx'),
      '4xx': answered('4xx'),
      '5xx': answered('5xx'),
    },
    lost: count(summary, 'sla_requests_lost'),
    droppedIterations: count(summary, 'dropped_iterations'),
  };
}

/** In the order of the plan. */
const phasesOf = (load: Load, recorded: RecordedLoad['phases']): Pick<LoadRecord, 'phases'> => {
  const began = load.phases.flatMap(({ name }) => recorded.get(name) ?? []);
  return began.length === 0 ? {} : { phases: began };
};

/** A k6 that was killed left no summary, and the requests that it had written down: at least these were sent. */
function countsOfRequests(client: ClientRequests | null): Counts {
  const statuses = requestsOf(client).map(({ status }) => status);
  const of = (digit: string) => statuses.filter((status) => status.startsWith(digit)).length;
  return {
    sent: statuses.length,
    answered: { '1xx': of('1'), '2xx': of('2'), '3xx': of('3'), '4xx': of('4'), '5xx': of('5') },
    lost: of('0'),
    droppedIterations: 0,
  };
}

/** From the first request sent to the last answer; k6 cuts times to whole milliseconds, so the end is rounded up. */
function windowOf(
  summary: Summary | null,
  startedSeconds: number,
  endedSeconds: number,
): RunRecord['window'] {
  const first = value(summary, 'sla_sent_at_ms', 'min');
  const last = value(summary, 'sla_answered_at_ms', 'max');
  return {
    fromSeconds: first === undefined ? startedSeconds : first / 1000,
    toSeconds: last === undefined ? endedSeconds : (last + 1) / 1000,
  };
}
