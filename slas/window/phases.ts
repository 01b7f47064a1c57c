import { countSent, countWhere, ofKinds, sentAt } from '../client/requests.ts';
import type {
  ClientRequests,
  Evidence,
  Load,
  LoadRecord,
  Phase,
  Plan,
  PlannedObjective,
  RunRecord,
} from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { plannedIn } from '../plan/planned-in.ts';
import { cutWindow } from './cut-window.ts';
import type { Frame } from './window.ts';

/**
 * Judges phases separately. Client-side, a request belongs to the phase in which it was sent, however long
 * it took. The service's counters know only when requests were answered, and only at scrapes: the counts of
 * a phase lie between its first and its last scrape. docs/verdict.md explains the consequences.
 */

/**
 * The part of a run in which an objective is judged: the whole run, or one phase as if it were a separate
 * run.
 */
export interface Scope {
  /** null for the whole run. */
  readonly phase: PhaseTimes | null;
  readonly plan: Plan;
  readonly run: RunRecord;
  /** The window that the counts cover, or why nothing can be counted there. */
  readonly frame: Result<Frame, Reason>;
  /** At most this many more requests were sent and never recorded, because the load was stopped before they ended. Absent: none. */
  readonly open?: number;
}

export interface PhaseTimes extends Phase {
  readonly fromSeconds: number;
  /** When the next phase begins; for the last phase, when its schedule ends or was cut short. */
  readonly toSeconds: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  /** The load generator's report on the phase. */
  readonly sent: number;
  readonly startedLateP99Seconds: number;
}

/** If the first scrape is more than this many intervals from the phase's edge, a scrape was missed. */
export const LATE = 1.5;

/** The phases of a run that began, by the load generator's clock; empty if the load generator did not record them. */
export function phasesOf({ load }: Plan, { load: record, window }: RunRecord): readonly PhaseTimes[] {
  const began = record?.phases ?? [];
  if (load === null) return [];
  const cutAt = record?.completed === false ? window.toSeconds : Number.POSITIVE_INFINITY;
  return load.phases.flatMap((phase, index): PhaseTimes[] => {
    const own = began.find(({ name }) => name === phase.name);
    if (own === undefined) return [];
    const next = began.find(({ name }) => name === load.phases[index + 1]?.name);
    return [
      {
        ...phase,
        ...own,
        toSeconds: next?.fromSeconds ?? Math.min(own.fromSeconds + phase.durationSeconds, cutAt),
        isFirst: index === 0,
        isLast: next === undefined,
      },
    ];
  });
}

/** The part of the run in which an objective is judged, or why that part is unknown. */
export function scopeOf(
  { phase: named, measure }: PlannedObjective,
  plan: Plan,
  run: RunRecord,
  evidence: Evidence,
  whole: Frame,
): Result<Scope, Reason> {
  if (named === undefined) return ok({ phase: null, plan, run, frame: ok(whole) });
  // Responses that arrive after a phase are counted in the next one.
  const name = measure.kind === 'recovery' ? nameAfter(named, plan) : named;
  const phase = phasesOf(plan, run).find((one) => one.name === name);
  if (phase !== undefined) return ok(narrowedOnce(phase, plan, run, evidence, whole));
  return run.load?.phases === undefined
    ? fail(reason('no-phase-record', {}))
    : fail(reason('phase-not-begun', { phase: name! }));
}

/** Cached, because several objectives are judged in the same phase, and cutting a long record takes time. */
const scopesOf = new WeakMap<Frame, Map<string, Scope>>();

function narrowedOnce(
  phase: PhaseTimes,
  plan: Plan,
  run: RunRecord,
  evidence: Evidence,
  whole: Frame,
): Scope {
  const known = scopesOf.get(whole) ?? new Map<string, Scope>();
  const scope = known.get(phase.name) ?? narrowed(phase, plan, run, evidence, whole);
  scopesOf.set(whole, known.set(phase.name, scope));
  return scope;
}

const nameAfter = (name: string, { load }: Plan) =>
  load!.phases[load!.phases.findIndex((phase) => phase.name === name) + 1]?.name;

function narrowed(phase: PhaseTimes, plan: Plan, run: RunRecord, evidence: Evidence, whole: Frame): Scope {
  const load: Load = { ...plan.load!, phases: [phase], ...plannedIn(plan.load!, phase.name) };
  const record = recordIn(run.load!, phase, load);
  const window = { fromSeconds: phase.fromSeconds, toSeconds: phase.toSeconds };
  const inside = { ...run, window, load: record };
  return { phase, plan: { ...plan, load }, run: inside, frame: cutInside(phase, plan, run, evidence, whole) };
}

// ---------------------------------------------------------------------------------------------- the client's side

const isIn = ({ fromSeconds, toSeconds, isFirst, isLast }: PhaseTimes, atSeconds: number) =>
  (isFirst || atSeconds >= fromSeconds) && (isLast || atSeconds < toSeconds);

/** How many requests were sent during a phase, by any schedule; null without a record of each request. */
export function sentWhile(phase: PhaseTimes, { load }: RunRecord): number | null {
  const client = load?.client;
  if (client === undefined) return null;
  return countSent(client, (atSeconds) => isIn(phase, atSeconds));
}

/** The record of a run that consisted of this phase only. */
export function recordIn(record: LoadRecord, phase: PhaseTimes, load: Load): LoadRecord {
  const { client, ...rest } = record;
  const sliced =
    client === undefined ? undefined : sentAt(client, (at) => isIn(phase, at), phase.fromSeconds);
  const of = (digit: string) => countWhere(sliced, ({ status }) => status.startsWith(digit));
  return {
    ...rest,
    plannedRequests: load.plannedRequests,
    scheduledSeconds: load.scheduledSeconds,
    sent: phase.sent,
    lost: of('0'),
    answered: { '1xx': of('1'), '2xx': of('2'), '3xx': of('3'), '4xx': of('4'), '5xx': of('5') },
    startedLateP99Seconds: phase.startedLateP99Seconds,
    ...(sliced === undefined ? {} : { client: sliced }),
  };
}

// ---------------------------------------------------------------------------------------------- the service's side

/**
 * The window between the first and the last scrape of a phase. If targets are scraped at different times,
 * it begins with the latest of the first scrapes, so the edges of all targets lie in the phase.
 */
function cutInside(
  phase: PhaseTimes,
  plan: Plan,
  run: RunRecord,
  evidence: Evidence,
  whole: Frame,
): Result<Frame, Reason> {
  const { targets } = whole;
  const span = { phase: phase.name, fromSeconds: phase.fromSeconds, toSeconds: phase.toSeconds };
  const edgeMissing = (target: string) => fail(reason('phase-edge-not-scraped', { ...span, target }));
  const edges = targets.map(({ name, intervalSeconds, scrapes }) => {
    const inside = scrapes.filter(
      ({ atSeconds }) => atSeconds >= phase.fromSeconds && atSeconds <= phase.toSeconds,
    );
    const [first, last] = [inside[0]?.atSeconds ?? Number.NaN, inside.at(-1)?.atSeconds ?? Number.NaN];
    const late = LATE * intervalSeconds;
    return {
      name,
      first,
      last,
      opens: first - phase.fromSeconds <= late,
      closes: phase.toSeconds - last <= late,
    };
  });
  const isElastic = plan.replicas === 'elastic';
  const short = edges.find(({ first, last }) => !(first < last));
  if (short !== undefined && !isElastic) return fail(reason('phase-without-scrapes', span));
  const missed = edges.find(({ opens, closes }) => !opens || !closes);
  if (missed !== undefined && !isElastic) return edgeMissing(missed.name);
  // Replicas that start or end during the phase do not define its edges.
  const fromSeconds = Math.max(...edges.filter(({ opens }) => opens).map(({ first }) => first));
  const toSeconds = Math.min(...edges.filter(({ closes }) => closes).map(({ last }) => last));
  if (!(Number.isFinite(toSeconds - fromSeconds) && fromSeconds < toSeconds))
    return fail(reason('phase-without-scrapes', span));
  // The client's record covers the whole run: a difference from these counts does not mean that they are
  // incomplete.
  const cut = cutWindow(plan, { ...run, load: null, window: { fromSeconds, toSeconds } }, evidence);
  const frame = { ...cut, isSettled: whole.isSettled, restarts: restartsIn(cut, whole) };
  const outside = frame.targets.find(
    ({ openSeconds, closeSeconds }) => openSeconds < phase.fromSeconds || closeSeconds > phase.toSeconds,
  );
  return outside === undefined ? ok(frame) : edgeMissing(outside.name);
}

/**
 * What the whole run rules out is also ruled out for each part, for example by a client that received every response, or by a counter that
 * continued.
 */
export function restartsIn(frame: Frame, whole: Frame): Frame['restarts'] {
  if (whole.missing?.requests === 0) return [];
  return frame.restarts.filter((one) =>
    whole.restarts.some(
      ({ target, fromSeconds, toSeconds }) =>
        target.name === one.target.name && fromSeconds < one.toSeconds && toSeconds > one.fromSeconds,
    ),
  );
}

/** Requests that one clock attributes to the phase and the other does not. */
export interface AcrossEdges {
  /** Requests that were sent in the phase and not answered by its last scrape. */
  readonly inFlight: ClientRequests;
  /** Requests that were sent before the phase and answered after its first scrape. */
  readonly carriedIn: ClientRequests;
  /** Requests that were sent and timed out before the phase. The service may still have answered them later. */
  readonly givenUp: ClientRequests;
}

/** null without a record of each request. */
export function acrossEdges(phase: PhaseTimes, { load }: RunRecord, { targets }: Frame): AcrossEdges | null {
  const client = load?.client;
  if (client === undefined || targets.length === 0) return null;
  const opens = Math.min(...targets.map(({ openSeconds }) => openSeconds));
  const closes = targets.map(({ closeSeconds }) => closeSeconds);
  const [firstClose, lastClose] = [Math.min(...closes), Math.max(...closes)];
  return ofKinds(client, ['inFlight', 'carriedIn', 'givenUp'], (sent, ended, isLost) => {
    if (isIn(phase, sent)) return sent < lastClose && ended >= firstClose ? 'inFlight' : null;
    if (sent >= phase.fromSeconds) return null;
    return ended >= opens ? 'carriedIn' : isLost ? 'givenUp' : null;
  });
}
