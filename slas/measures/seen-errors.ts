import { allResponses, countWhere, isAnsweredWith } from '../client/requests.ts';
import { claimsCode } from '../document/statuses.ts';
import type { LoadRecord, PlannedMeasure, RunRecord } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { mayBeScrapes } from '../window/counted-scrapes.ts';
import type { Frame } from '../window/window.ts';
import type { UnclaimedCount } from './measured.ts';

type Ratio = PlannedMeasure & { kind: 'ratio' };

/** The events that a ratio counted, and the events that it may have missed. */
interface Counts {
  readonly bad: number;
  readonly samples: number;
  readonly uncounted: number;
}

export interface SeenErrors {
  readonly reasons: readonly Reason[];
  readonly mayBe: UnclaimedCount;
}

const NONE: SeenErrors = { reasons: [], mayBe: { mayBeBad: 0, outside: 0 } };

/**
 * Errors that the client received beyond those that the ratio counted: its selectors may leave out the route that failed. These errors may
 * belong to the ratio, so the ratio is also judged with them. A phase that is judged by its observed value is compared in in-phase.ts; under
 * a confidence, errors between its edges and its scrapes widen the interval.
 */
export function errorsSeenBeyond(
  { badStatus }: Ratio,
  { bad, samples, uncounted }: Counts,
  run: RunRecord,
  isObservedPhase: boolean,
): SeenErrors {
  if (run.load === null || isObservedPhase || badStatus === null) return NONE;
  // Counts by class do not show a part of a class.
  if (run.load.client === undefined && !SERVER_ERRORS.every(claimsCode(badStatus))) return NONE;
  const client = answersWith(badStatus, run, ({ answered }) => answered['5xx']);
  return beyondCounted(client, { bad, samples, uncounted }, run);
}

/** Errors that the client received, beyond those that were counted. */
export function beyondCounted(
  client: number,
  { bad, samples, uncounted }: Counts,
  run: RunRecord,
): SeenErrors {
  const beyond = Math.max(0, client - bad - uncounted);
  if (beyond === 0 || run.load === null) return NONE;
  const outside = Math.min(beyond, Math.max(0, allResponses(run.load) - samples));
  return {
    reasons: [reason('client-saw-more-errors', { client, counted: bad })],
    mayBe: { mayBeBad: beyond, outside },
  };
}

const SERVER_ERRORS = ['500', '502', '503', '504'];

/**
 * How many events the total has in addition to the client's answered and unanswered requests. If no other client sends requests, these
 * events are not requests of users. 0 if unknown.
 */
export function strangersIn(
  counted: number,
  run: RunRecord,
  whole: RunRecord,
  frame: Frame,
  countsScrapes = false,
): number {
  const { load } = run;
  // In a phase, or without a completed load, nothing could be subtracted.
  if (countsScrapes && frame.scrapes === null) return Math.min(counted, mayBeScrapes(frame));
  if (load === null || run !== whole || !load.completed) return 0;
  if (!frame.isIsolated && frame.scrapes === null) return 0;
  const beyond = counted - allResponses(load) - load.lost;
  // It is unknown whether the scrapes at the two edges were counted.
  return beyond > (frame.scrapes === null ? 0 : frame.targets.length) ? beyond : 0;
}

/**
 * Responses with a given status that the client received; by status class if it did not record each request.
 */
export function answersWith(
  status: string | null,
  { load }: RunRecord,
  byClass: (load: LoadRecord) => number,
): number {
  if (load === null) return 0;
  if (load.client === undefined || status === null) return byClass(load);
  return countWhere(load.client, isAnsweredWith(status));
}
