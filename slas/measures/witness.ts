import { countWhere, isLost, ofKinds } from '../client/requests.ts';
import type { ClientRequests, RunRecord } from '../model/model.ts';
import type { Frame } from '../window/window.ts';

/** What the client's record of each request says about a frame: the whole run or a part of a phase. */
export interface Witness {
  /**
   * Requests that the service may have counted in the frame, and all that it counted there if the frame is
   * the whole run.
   */
  readonly requests: ClientRequests;
  readonly lost: number;
  readonly isWhole: boolean;
}

/** A scrape and a request have times of two different clocks. */
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
  const kindOf = (sent: number, ended: number, wasLost: boolean) =>
    sent <= closes && (wasLost || ended >= opens) ? 'counted' : null;
  const requests = isWhole ? load.client : ofKinds(load.client, ['counted'], kindOf).counted;
  return { requests, lost: countWhere(requests, isLost), isWhole };
}

export const isWholeRun = (frame: Frame, { fromSeconds, toSeconds }: RunRecord['window']) =>
  frame.fromSeconds === fromSeconds && frame.toSeconds === toSeconds;
