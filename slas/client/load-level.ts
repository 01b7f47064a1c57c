import type { ClientRequests } from '../model/model.ts';
import { openAtMoments } from './open.ts';

/** The load that was really sent, by the client's record. */
export interface LoadLevel {
  /** Responses with 2xx that arrived in the window. */
  readonly successesPerSecond: number;
  /** Requests that began in the window, and their mean time; an unanswered one lasts until the client gave up on it. */
  readonly begunPerSecond: number;
  readonly meanSeconds: number;
  /** The mean number of open requests, counted at equal intervals of the window. */
  readonly concurrency: number;
  /** The p95 of the duration of successful requests that began in the window. null if there were none. */
  readonly p95Seconds: number | null;
}

/** The share of the run, from its start, that is skipped because the service has not reached a steady state. */
const EDGE_SHARE = 0.1;

/** @param seconds for how long requests were sent. Returns null for too few requests. */
export function loadLevelOf(client: ClientRequests, seconds: number): LoadLevel | null {
  const { startSeconds, durationSeconds, status } = client;
  const [from, to] = [EDGE_SHARE * seconds, seconds];
  let [begun, took, successes] = [0, 0, 0];
  const times: number[] = [];
  for (let index = 0; index < startSeconds.length; index++) {
    const [start, duration] = [startSeconds[index]!, durationSeconds[index]!];
    const isSuccess = status[index]! >= 200 && status[index]! < 300;
    if (isSuccess && start + duration >= from && start + duration < to) successes++;
    if (start < from || start >= to) continue;
    begun++;
    took += duration;
    if (isSuccess) times.push(duration);
  }
  const concurrency = openAtMoments(startSeconds, durationSeconds, { fromSeconds: from, toSeconds: to });
  if (begun === 0 || concurrency === null) return null;
  times.sort((a, b) => a - b);
  return {
    successesPerSecond: successes / (to - from),
    begunPerSecond: begun / (to - from),
    meanSeconds: took / begun,
    concurrency,
    p95Seconds: times.length === 0 ? null : times[Math.ceil(0.95 * times.length) - 1]!,
  };
}
