import type { ClientRequests } from '../model/model.ts';
import type { Block } from '../statistics/design-effect.ts';
import { judgedRequests, LOWER_QUANTILES } from './client.ts';
import { rankOf, slowerBySecond, waitAt } from './requests.ts';

/**
 * The same requests counted over many limits: what a latency would be if all responses took longer. There may be millions of
 * requests and dozens of limits, so each limit costs one pass over two columns of numbers.
 */
export interface ShiftedCounts {
  readonly samples: number;
  readonly badOver: (limitSeconds: number) => number;
  readonly blocksOver: (limitSeconds: number) => readonly Block[];
  /** The requests over some quantiles of the latencies, which show how strongly requests depend on each other. */
  readonly lower: readonly { readonly atSeconds: number; readonly blocks: readonly Block[] }[];
}

/** null if the record has no judged request for this path. */
export function shiftedCounts(client: ClientRequests, path: string): ShiftedCounts | null {
  const requests = judgedRequests(client, path);
  const { ordered } = requests;
  const count = ordered.length;
  if (count === 0) return null;
  const edges = [...new Set(LOWER_QUANTILES.map((part) => ordered[Math.floor(part * (count - 1))]!))];
  const lower = slowerBySecond(requests, edges);
  const [totals] = lower;
  const { seconds, took } = columnsFor(client, requests.positions);
  return {
    samples: count,
    badOver: (limit) => count - rankOf(ordered, limit),
    blocksOver: (limit) => {
      const parts = new Int32Array(totals!.length);
      for (let at = 0; at < count; at++) if (took[at]! > limit) parts[seconds[at]!]!++;
      return totals!.map(({ total }, second) => ({ part: parts[second]!, total }));
    },
    lower: edges.map((atSeconds, index) => ({ atSeconds, blocks: lower[index]! })),
  };
}

function columnsFor(client: ClientRequests, positions: ArrayLike<number>) {
  const seconds = new Int32Array(positions.length);
  const took = new Float64Array(positions.length);
  for (let at = 0; at < positions.length; at++) {
    const index = positions[at]!;
    seconds[at] = Math.max(0, Math.floor(client.startSeconds[index]!));
    took[at] = waitAt(client, index);
  }
  return { seconds, took };
}
