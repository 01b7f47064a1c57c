import { countOf, countWhere } from '../../slas/client/requests.ts';
import type { ClientRequests, Load, LoadRecord, RunRecord } from '../../slas/model/model.ts';
import { HarnessError } from '../cli/errors.ts';
import { formatExit, type Started } from '../process/processes.ts';
import type { Stack } from '../stack/stack.ts';
import { cutBecause, decisiveEnd, diedOf, type EndedK6, failuresOf } from './k6-end.ts';
import { type RunK6Options, startGenerators, whileRunning } from './k6-generators.ts';
import { readErrors } from './k6-log.ts';
import { type RecordedLoad, readRequests } from './k6-requests.ts';
import { count, readSummary, type Summary, summed, thresholdsOf, value } from './k6-summary.ts';

export type { RunK6Options } from './k6-generators.ts';

/** Exit codes of a k6 that could not run the script or its options, and sent nothing; it writes no summary. */
const NEVER_BEGAN = [104, 106, 107, 255];

/**
 * Sends the load of a plan with k6 and returns k6's record of it. A k6 that dies during the run is evidence (`completed`
 * is false); one that could not start is a HarnessError.
 */
export async function runLoad(load: Load, stack: Stack, options: RunK6Options): Promise<RunRecord> {
  const startedSeconds = Date.now() / 1000;
  await using generators = await startGenerators(load, stack, options);
  const ended = await whileRunning(generators, load, startedSeconds, stack, options);
  const ends = await Promise.all(
    generators.each.map(
      async ({ k6, summaryFile }, index): Promise<EndedK6> => ({
        exit: ended.exits[index]!,
        summary: await readSummary(summaryFile),
        log: await readErrors(k6.logFile, options.root),
      }),
    ),
  );
  // If one summary is missing there is no total: its requests would be missing from the sum.
  const summary = summed(ends.map((end) => end.summary));
  const failed = ends.findIndex((end) => end.summary === null && NEVER_BEGAN.includes(end.exit.code ?? 0));
  if (failed !== -1) throw neverBegan(generators.each[failed]!.k6, ends[failed]!, load);
  const decisive = decisiveEnd(ends);
  const { exit } = decisive;
  const { client, phases, startedLateP99Seconds } = await readRequests(
    generators.each.map((one) => one.csvFile),
  );
  const counts = summary === null ? countsOfRequests(client) : countsOfSummary(summary);
  const stoppedBecause = ended.stoppedBecause ?? cutBecause(decisive, summary, counts, load);
  const end = { stoppedBecause, ranSeconds: exit.atSeconds - startedSeconds };
  const record = {
    ...recordOf(load, options, end, counts),
    ...(startedLateP99Seconds === null ? {} : { startedLateP99Seconds }),
    ...scriptOf(ends, summary, load),
    ...(client === null ? {} : { client }),
    ...phasesOf(load, phases),
  };
  return {
    schema: 'sla-harness/run/v1',
    id: options.id,
    window: windowOf(summary, startedSeconds, exit.atSeconds),
    load: record,
    incidents: incidentsOf(decisive, await stack.incidents()),
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

/** What k6 and the script report about responses and about the script. A script that checks no body has no such metric. */
function scriptOf(ends: readonly EndedK6[], summary: Summary | null, load: Load): Partial<LoadRecord> {
  const wrong = value(summary, 'sla_answers_wrong', 'count');
  const expected = value(summary, 'sla_refusals_expected', 'count');
  const scriptErrors = ends.reduce((sum, { log }) => sum + log.inIterations, 0);
  const first = ends.find(({ log }) => log.firstInIteration !== null)?.log.firstInIteration;
  const others = count(summary, 'http_reqs') - count(summary, 'sla_requests_sent');
  return {
    ...(wrong === undefined
      ? {}
      : { wrongAnswers: wrong, lookedInto: count(summary, 'sla_good_answers_looked_into') }),
    ...(wrong === undefined && scriptErrors === 0 ? {} : { scriptErrors }),
    ...(first === undefined || first === null ? {} : { firstScriptError: first }),
    ...(expected === undefined ? {} : { expectedRefusals: expected }),
    ...(others > 0 ? { otherRequests: others } : {}),
    ...reportedBy(ends, summary, load),
  };
}

/**
 * What k6 itself reports as failed. Error budgets are our own thresholds, and are judged by the objectives.
 */
function reportedBy(
  ends: readonly EndedK6[],
  summary: Summary | null,
  { budgets }: Load,
): Partial<LoadRecord> {
  const isBudget = (metric: string) => budgets.some((budget) => budget.metric === metric);
  const summaries = ends.flatMap((end) => end.summary ?? []);
  const isUsedUp = budgets.some(({ metric, atMost }) => count(summary, metric) > atMost);
  const thresholds = summary === null ? undefined : thresholdsOf(summaries, (metric) => !isBudget(metric));
  const isCrossed = isUsedUp || thresholds?.some((one) => one.isCrossed) === true;
  const failures = failuresOf(ends, isCrossed);
  return {
    ...(summary === null ? {} : { checks: summary.checks }),
    ...(thresholds === undefined ? {} : { thresholds }),
    ...(failures === undefined ? {} : { failures }),
  };
}

function incidentsOf(decisive: EndedK6, others: readonly string[] | null): readonly string[] | null {
  const died = diedOf(decisive);
  return others === null && died.length === 0 ? null : [...died, ...(others ?? [])];
}

type Counts = Pick<LoadRecord, 'sent' | 'answered' | 'lost' | 'droppedIterations'>;

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
    // Iterations beyond the plan are not missing.
    droppedIterations: Math.min(counts.droppedIterations, Math.max(0, load.plannedRequests - counts.sent)),
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

/** A killed k6 leaves no summary, but the requests that it recorded: at least these were sent. */
function countsOfRequests(client: ClientRequests | null): Counts {
  const of = (digit: string) => countWhere(client, ({ status }) => status.startsWith(digit));
  return {
    sent: countOf(client),
    answered: { '1xx': of('1'), '2xx': of('2'), '3xx': of('3'), '4xx': of('4'), '5xx': of('5') },
    lost: of('0'),
    droppedIterations: 0,
  };
}

/** From the first request to the last response; k6 truncates times to milliseconds, so the end is rounded up. */
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
