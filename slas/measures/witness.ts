import { type CountedOutcome, countIn, isLost, outcomesOf, outcomesWhen } from '../client/requests.ts';
import type { RunRecord } from '../model/model.ts';
import type { Frame } from '../window/window.ts';

/** Derives facts about a frame (the whole run, or a part of a phase) from the client's record of each request. */
export interface Witness {
  /**
   * The outcomes of the requests that the service may have counted in the frame. If the frame is the whole run, these are exactly the
   * requests that the service counted.
   */
  readonly outcomes: readonly CountedOutcome[];
  readonly lost: number;
  readonly isWhole: boolean;
}

/** The tolerance in seconds, because the times of scrapes and of requests come from two different clocks. */
const CLOCKS_SECONDS = 1;

/**
 * null if other clients send requests, if the load was cut short, or if there is no record of each request.
 */
export function witnessOf(frame: Frame, { load, window }: RunRecord): Witness | null {
  if (load === null || !load.completed || !frame.isIsolated || load.client === undefined) return null;
  const isWhole = isWholeRun(frame, window);
  const opens = Math.min(...frame.targets.map(({ openSeconds }) => openSeconds)) - CLOCKS_SECONDS;
  const closes = Math.max(...frame.targets.map(({ closeSeconds }) => closeSeconds)) + CLOCKS_SECONDS;
  // The service may respond long after the client gave up.
  const mayCount = (sent: number, ended: number, wasLost: boolean) =>
    sent <= closes && (wasLost || ended >= opens);
  const outcomes = isWhole ? outcomesOf(load.client) : outcomesWhen(load.client, mayCount);
  return { outcomes, lost: countIn(outcomes, isLost), isWhole };
}

export const isWholeRun = (frame: Frame, { fromSeconds, toSeconds }: RunRecord['window']) =>
  frame.fromSeconds === fromSeconds && frame.toSeconds === toSeconds;
