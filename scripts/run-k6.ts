import { readFile } from 'node:fs/promises';
import { answersInAll, requestsOf } from '../slas/client-requests.ts';
import type { ClientRequests, Load, LoadRecord, RunRecord } from '../slas/model.ts';
import { countOf, formatCount } from '../slas/numbers.ts';
import { plannedIn } from '../slas/phases.ts';
import { HarnessError } from './errors.ts';
import { type RunK6Options, startGenerators, tellingExit, whileRunning } from './k6-generators.ts';
import { type RecordedLoad, readRequests } from './k6-requests.ts';
import { count, readSummary, type Summary, summed, value } from './k6-summary.ts';
import { type Exit, type Started, tellExit } from './processes.ts';
import type { Stack } from './stack/stack.ts';

export type { RunK6Options } from './k6-generators.ts';

/** k6 ends so, and without a summary, on a script or options that cannot be run: it never sent anything. */
const NEVER_BEGAN = [104, 106, 107, 255];

/**
 * Sends the load of a plan with k6 and returns what k6 says of it. A k6 that dies in the middle is evidence (`completed`
 * is false); one that could not begin is a HarnessError.
 */
export async function runLoad(load: Load, stack: Stack, options: RunK6Options): Promise<RunRecord> {
  const startedSeconds = Date.now() / 1000;
  await using generators = await startGenerators(load, stack, options);
  const ended = await whileRunning(generators, load, startedSeconds, stack, options);
  const ends = ended.exits;
  const summaries = await Promise.all(generators.each.map(({ summaryFile }) => readSummary(summaryFile)));
  // One whose summary is missing leaves all of them without one: its requests would be missing from the sum.
  const summary = summed(summaries);
  const exit = tellingExit(ends);
  const failed = ends.findIndex(
    ({ code }, index) => summaries[index] === null && NEVER_BEGAN.includes(code ?? 0),
  );
  if (failed !== -1) throw neverBegan(generators.each[failed]!.k6, ends[failed]!, load);
  const stoppedBecause = ended.stoppedBecause ?? reasonOf(exit, summary, load);
  const { client, phases, startedLateP99Seconds } = await readRequests(
    generators.each.map((one) => one.csvFile),
  );
  const counts = summary === null ? countsOfRequests(client) : countsOfSummary(summary);
  const end = { stoppedBecause, ranSeconds: exit.atSeconds - startedSeconds };
  const record = {
    ...recordOf(load, options, end, counts),
    ...(startedLateP99Seconds === null ? {} : { startedLateP99Seconds }),
    ...(await answersOf(
      summary,
      generators.each.map(({ k6 }) => k6.logFile),
    )),
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

function neverBegan(k6: Started, exit: Exit, load: Load): HarnessError {
  return new HarnessError(
    'k6-cannot-run',
    `k6 cannot run ${load.script} (${tellExit(exit)}). Its last lines:\n${k6.tail()}`,
    {
      nextStep: `mend ${load.script}, or the scenario's load in the SLA document`,
    },
  );
}

// ---------------------------------------------------------------------------------------------- k6's summary

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
        `${countOf(bad, 'bad request')} for ${objective}, of which ${formatCount(plannedIn(load, phase ?? undefined).plannedRequests)} can bear ${formatCount(atMost)}`,
    );
  return `nothing could save it any more: ${told.join('; ')}`;
}

/** A script that looks into no answer counts none as wrong, and says so by leaving the metric out. */
async function answersOf(
  summary: Summary | null,
  logFiles: readonly string[],
): Promise<Pick<LoadRecord, 'wrongAnswers' | 'lookedInto' | 'scriptErrors' | 'expectedRefusals'>> {
  const wrong = value(summary, 'sla_answers_wrong', 'count');
  const expected = value(summary, 'sla_refusals_expected', 'count');
  const log = (await Promise.all(logFiles.map((file) => readFile(file, 'utf8')))).join('\n');
  // k6 goes on after an exception in an iteration, and tells only its log.
  const scriptErrors = log.match(/level=error .*source=stacktrace/g)?.length ?? 0;
  if (wrong === undefined) return scriptErrors === 0 ? {} : { scriptErrors };
  return {
    wrongAnswers: wrong,
    lookedInto: count(summary, 'sla_good_answers_looked_into'),
    scriptErrors,
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
    // Of what k6 would start beyond the plan none is missing.
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
