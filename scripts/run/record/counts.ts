import { countOf, countWhere } from '../../../slas/client/requests.ts';
import type { Load, LoadRecord, RunRecord } from '../../../slas/model/model.ts';
import type { BodyChecks, Recorded } from './recorder.ts';

/** The counts of the record, and the window that it covers. */

export type Counts = Pick<LoadRecord, 'sent' | 'answered' | 'lost' | 'droppedIterations'>;

export function countsOf({ client, scenarios }: Recorded, load: Load): Counts {
  const of = (digit: string) => countWhere(client, ({ status }) => status.startsWith(digit));
  const sent = countOf(client);
  const dropped = [...scenarios.values()].reduce((sum, one) => sum + one.dropped, 0);
  return {
    sent,
    answered: { '1xx': of('1'), '2xx': of('2'), '3xx': of('3'), '4xx': of('4'), '5xx': of('5') },
    lost: of('0'),
    // Iterations beyond the plan send nothing, so no request is lost if k6 drops them.
    droppedIterations:
      load.k6 === undefined ? Math.min(dropped, Math.max(0, load.plannedRequests - sent)) : dropped,
  };
}

/** The results of the script library's checks of response bodies; empty if no body was checked. */
export const checkedIn = (bodies: BodyChecks | null): Partial<LoadRecord> =>
  bodies === null
    ? {}
    : {
        wrongAnswers: bodies.wrong,
        lookedInto: bodies.checked,
        ...(bodies.refusals === 0 ? {} : { expectedRefusals: bodies.refusals }),
      };

/**
 * The window from the first request to the last response, widened to whole milliseconds. Other programs use clocks with
 * millisecond resolution, and events in the same millisecond must lie inside the window.
 */
export function windowOf(
  { client }: Recorded,
  startedSeconds: number,
  endedSeconds: number,
): RunRecord['window'] {
  if (client === null) return { fromSeconds: startedSeconds, toSeconds: endedSeconds };
  const { originSeconds, startSeconds, durationSeconds } = client;
  let last = 0;
  for (let at = 0; at < startSeconds.length; at++)
    last = Math.max(last, startSeconds[at]! + durationSeconds[at]!);
  const [from, to] = [originSeconds, originSeconds + last + ROUNDING_SECONDS].map(
    (seconds) => seconds * 1000,
  );
  return {
    fromSeconds: Math.min(from!, Math.floor(from! + SAME_MS)) / 1000,
    toSeconds: Math.max(to!, Math.ceil(to! - SAME_MS)) / 1000,
  };
}

/** k6 truncates times to microseconds. */
const ROUNDING_SECONDS = 1e-6;
/**
 * The margin exceeds the truncation and the rounding error of Unix times. A time that is already a whole millisecond stays
 * unchanged.
 */
const SAME_MS = 0.002;
