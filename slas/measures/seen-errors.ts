import { allResponses, countWhere, isAnsweredWith } from '../client/requests.ts';
import { claimsCode } from '../document/statuses.ts';
import type { LoadRecord, PlannedMeasure, RunRecord } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { mayBeScrapes } from '../window/counted-scrapes.ts';
import type { Frame } from '../window/window.ts';
import type { UnclaimedCount } from './measured.ts';

type Ratio = PlannedMeasure & { kind: 'ratio' };

/** What a ratio counted, and what may be in addition to it. */
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
 * Errors that the client received beyond those that the ratio counted: its selectors may leave out the
 * route that failed. They may belong to it, so it is judged with them, too. For a phase, it is unknown
 * which of its errors the service counted there.
 */
export function errorsSeenBeyond(
  { badStatus }: Ratio,
  { bad, samples, uncounted }: Counts,
  run: RunRecord,
  whole: RunRecord,
): SeenErrors {
  if (run.load === null || run !== whole || badStatus === null) return NONE;
  // Classes say nothing about a part of a class.
  if (run.load.client === undefined && !SERVER_ERRORS.every(claimsCode(badStatus))) return NONE;
  const client = answersWith(badStatus, run, ({ answered }) => answered['5xx']);
  const beyond = Math.max(0, client - bad - uncounted);
  if (beyond === 0) return NONE;
  const outside = Math.min(beyond, Math.max(0, allResponses(run.load) - samples));
  return {
    reasons: [reason('client-saw-more-errors', { client, counted: bad })],
    mayBe: { mayBeBad: beyond, outside },
  };
}

const SERVER_ERRORS = ['500', '502', '503', '504'];

/**
 * How much more the total counts than the client received or sent without a response: if no other client sends requests to the
 * service, that is not a request of a user. 0 if that is unknown.
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
  // It is unknown whether the first and the last scrape are among those counted.
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
