import { emptyColumns, inOrder } from '../client/columns.ts';
import { countOf, countSent, sentBetween } from '../client/requests.ts';
import type {
  ClientRequests,
  Evidence,
  Load,
  LoadRecord,
  Plan,
  PlannedObjective,
  RunRecord,
} from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { cutWindow } from './cut-window.ts';
import { LATE, type PhaseTimes, recordIn, restartsIn, type Scope } from './phases.ts';
import type { Frame } from './window.ts';

/**
 * The first seconds of a load, as if they were a separate run. A request belongs to them if the client sent
 * it in that time. The service's counts begin with the scrape before the load and end with the last scrape
 * in that time.
 */
export interface Prefix {
  readonly scope: ScopeOf;
  /**
   * The same scope, in which every request that may have been sent and has not ended counts as unanswered. null if there is no such
   * request, so that `scope` alone decides.
   */
  readonly worst: ScopeOf | null;
}

/**
 * The scope of an objective. A rate is counted from the first scrape during the load, because part of the
 * interval before had no load.
 */
type ScopeOf = (objective: PlannedObjective) => Scope;

/** The prefix, or why it cannot be judged. */
export function prefixOf(
  seconds: number,
  plan: Plan,
  run: RunRecord,
  evidence: Evidence,
  whole: Frame,
): Result<Prefix, Reason> {
  const { load: record } = run;
  const began = record?.phases?.[0];
  if (plan.load === null || record === null || record.client === undefined || began === undefined)
    return fail(reason('no-phase-record', {}));
  const [planned] = plan.load.phases;
  const load: Load = {
    ...plan.load,
    phases: [{ ...planned!, durationSeconds: seconds }],
    plannedRequests: Math.floor(planned!.ratePerSecond * seconds),
    scheduledSeconds: seconds,
  };
  const phase = {
    ...load.phases[0]!,
    fromSeconds: began.fromSeconds,
    toSeconds: began.fromSeconds + seconds,
    isFirst: true,
    isLast: false,
    startedLateP99Seconds: began.startedLateP99Seconds,
  };
  const open = openIn(record.client, phase, load, plan.load.plannedRequests, run.window.toSeconds);
  if (open === null) return fail(reason('requests-may-be-open', {}));
  const frame = frameOf(phase, whole.fromSeconds, plan, run, evidence, whole);
  const fromFirst = frameOf(phase, firstInside(phase, whole), plan, run, evidence, whole);
  const scopeWith = (client: ClientRequests, more: Pick<Scope, 'open'> = {}): ScopeOf => {
    const sent = countSent(client, (at) => at < phase.toSeconds);
    const times: PhaseTimes = { ...phase, sent };
    const inside = runIn(run, record, client, times, load);
    const own = { phase: times, plan: { ...plan, load }, run: inside, ...more };
    return ({ measure }) => ({ ...own, frame: measure.kind === 'throughput' ? fromFirst : frame });
  };
  const scope = scopeWith(record.client);
  return ok({
    scope,
    worst: open === 0 ? null : scopeWith(withUnanswered(record.client, open, phase, plan), { open }),
  });
}

function runIn(run: RunRecord, record: LoadRecord, client: ClientRequests, phase: PhaseTimes, load: Load) {
  const { decidedAtSeconds: _, ...rest } = record;
  const phases = (record.phases ?? []).map((one) => ({ ...one, sent: phase.sent }));
  const own = recordIn({ ...rest, client, phases }, phase, load);
  return {
    ...run,
    window: { fromSeconds: phase.fromSeconds, toSeconds: phase.toSeconds },
    load: { ...own, completed: true, stoppedBecause: null },
  };
}

// ---------------------------------------------------------------------------------------------- requests that have not ended

/**
 * How many requests may have been sent in the prefix that the record lacks, because k6 records a request when it ends. null if unknown.
 *
 * A regular schedule shows how many are missing. Before the request timeout has passed since the first recorded request, an earlier one may
 * still be open, so it is unknown when the schedule began. Without a regular schedule, all requests have ended once the request timeout has
 * passed since the look.
 */
function openIn(
  client: ClientRequests,
  phase: Omit<PhaseTimes, 'sent'>,
  load: Load,
  plannedRequests: number,
  recordedUntilSeconds: number,
): number | null {
  const isRegular = (load.arrivals ?? 'even') === 'even' && (load.requestsPerArrival ?? 1) === 1;
  const since = isRegular ? phase.fromSeconds : phase.toSeconds;
  if (recordedUntilSeconds < since + load.requestTimeoutSeconds) return null;
  return isRegular ? missingIn(client, phase, plannedRequests, recordedUntilSeconds) : 0;
}

/**
 * The requests that were due and are not recorded. Some of those that seem to be missing at the look were only sent late. They were sent
 * until some later moment, and what is missing then includes what was missing at the look. So the moment at which the fewest are missing
 * shows how many there are at most.
 */
function missingIn(
  client: ClientRequests,
  { fromSeconds, toSeconds, ratePerSecond, durationSeconds }: Omit<PhaseTimes, 'sent'>,
  plannedRequests: number,
  recordedUntilSeconds: number,
): number {
  const due = (seconds: number) => Math.ceil(Number((ratePerSecond * seconds).toFixed(6)));
  const sent = countSent(client, (at) => at >= fromSeconds && at < toSeconds);
  let fewest = due(durationSeconds) - sent;
  const after = sentBetween(client, toSeconds, recordedUntilSeconds);
  // Just before a request is due, the requests before it have had the most time to be sent.
  const last = Math.min(plannedRequests, due(recordedUntilSeconds - fromSeconds));
  let next = 0;
  for (let number = due(durationSeconds); number <= last && fewest > 0; number++) {
    const dueSeconds = fromSeconds + number / ratePerSecond;
    while (next < after.length && after[next]! < dueSeconds) next++;
    fewest = Math.min(fewest, number - sent - next);
  }
  return Math.max(0, fewest);
}

/** Adds the requests that have not ended. Their path is unknown, so all of them are added to each judged path. */
function withUnanswered(
  client: ClientRequests,
  open: number,
  { toSeconds }: Omit<PhaseTimes, 'sent'>,
  { objectives, load }: Plan,
): ClientRequests {
  const judged = objectives.flatMap(({ measure }) => ('clientPath' in measure ? [measure.clientPath] : []));
  const known = client.paths.flatMap((path, index) => (judged.includes(path) ? [index] : []));
  const paths = known.length === 0 ? [0] : known;
  const before = countOf(client);
  const grown = { ...client, ...emptyColumns(before + open * paths.length) };
  for (const name of COLUMNS) grown[name].set(client[name]);
  for (let at = before; at < grown.status.length; at++) {
    // These requests start as late as possible in the prefix.
    grown.startSeconds[at] = toSeconds - client.originSeconds - MICROSECOND;
    grown.durationSeconds[at] = load!.requestTimeoutSeconds;
    grown.path[at] = paths[(at - before) % paths.length]!;
  }
  return inOrder(grown);
}

const COLUMNS = ['startSeconds', 'durationSeconds', 'blockedSeconds', 'status', 'path'] as const;
const MICROSECOND = 1e-6;

// ---------------------------------------------------------------------------------------------- the service's side

/** The time by which every target has been scraped during the phase. */
const firstInside = ({ fromSeconds }: Omit<PhaseTimes, 'sent'>, { targets }: Frame) =>
  Math.max(
    ...targets.map(
      ({ scrapes }) => scrapes.find(({ atSeconds }) => atSeconds >= fromSeconds)?.atSeconds ?? fromSeconds,
    ),
  );

function frameOf(
  { name, fromSeconds, toSeconds }: Omit<PhaseTimes, 'sent'>,
  openSeconds: number,
  plan: Plan,
  run: RunRecord,
  evidence: Evidence,
  whole: Frame,
): Result<Frame, Reason> {
  const span = { phase: name, fromSeconds, toSeconds };
  const ends = whole.targets.map((target) => {
    const last = target.scrapes.findLast(({ atSeconds }) => atSeconds <= toSeconds)?.atSeconds ?? Number.NaN;
    return { name: target.name, last, closes: toSeconds - last <= LATE * target.intervalSeconds };
  });
  const late = ends.find(({ closes }) => !closes);
  if (late !== undefined && plan.replicas !== 'elastic')
    return fail(reason('phase-edge-not-scraped', { ...span, target: late.name }));
  const closing = Math.min(...ends.filter(({ closes }) => closes).map(({ last }) => last));
  if (!(Number.isFinite(closing) && closing > Math.max(fromSeconds, openSeconds)))
    return fail(reason('phase-without-scrapes', span));
  const window = { fromSeconds: openSeconds, toSeconds: closing };
  const cut = cutWindow(plan, { ...run, load: null, window }, evidence);
  const outside = cut.targets.find(({ closeSeconds }) => closeSeconds > toSeconds);
  if (outside !== undefined) return fail(reason('phase-edge-not-scraped', { ...span, target: outside.name }));
  return ok({ ...cut, isSettled: whole.isSettled, restarts: restartsIn(cut, whole) });
}
