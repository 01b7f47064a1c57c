import { toSeconds } from '../document/units.ts';
import type { TimeMetric, TimeRow } from './inventory.ts';
import { isSuccess, type StatusLabel } from './labels.ts';

/** Proposes a limit for a latency, from the current measurements and the existing bucket edges. */

export interface ProposedLimit {
  readonly seconds: number;
  /** The edge that the percentile is at or under now, in seconds; null if nothing was measured, or it is over all edges. */
  readonly nowSeconds: number | null;
  /** The number of successful responses that the edge is based on. */
  readonly responses: number;
}

/** The minimum limit. A lower limit is more likely to measure the machine than the service. */
const MIN_LIMIT_SECONDS = 0.2;

/** The smallest edge that is at least 200 ms and at least twice what is measured now. */
export function proposeLimit(
  { edges, rows, unit, kind }: TimeMetric,
  status: StatusLabel | null,
  isMeant: (row: TimeRow) => boolean,
  percentile: number,
): ProposedLimit {
  const good = rows.filter((row) => isMeant(row) && (status === null || isSuccess(status, row.labels)));
  const responses = good.reduce((sum, { count }) => sum + count, 0);
  const inSeconds = edges.map((edge) => toSeconds(edge, unit));
  const within = edges.map((_, index) => good.reduce((sum, row) => sum + row.within[index]!, 0));
  const at = responses === 0 ? -1 : within.findIndex((count) => count >= (percentile / 100) * responses);
  const nowSeconds = at === -1 ? null : inSeconds[at]!;
  const wanted = Math.max(MIN_LIMIT_SECONDS, 2 * (nowSeconds ?? 0));
  const isOverAll = responses > 0 && at === -1 && kind === 'classic';
  const seconds = isOverAll
    ? inSeconds.at(-1)!
    : (inSeconds.find((edge) => edge >= wanted) ?? inSeconds.at(-1) ?? wanted);
  return { seconds, nowSeconds, responses };
}
