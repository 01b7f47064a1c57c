/** How many replicas a target rate needs, from searches with different numbers of replicas. */

/** The name under which a search records its number of replicas. */
export const REPLICAS = 'replicas';

/** The answer of one search. */
export interface MeasuredReplicas {
  readonly replicas: number;
  readonly provenPerSecond: number;
  readonly refutedPerSecond: number | null;
}

export interface ScalingQuestion {
  readonly targetPerSecond: number;
  /** The part of the proven rate that must stay free, from 0 to less than 1. */
  readonly headroom: number;
  /** In any order; at least one. */
  readonly measured: readonly MeasuredReplicas[];
}

export type ScalingAnswer =
  | {
      readonly ok: true;
      /** The number of replicas that is enough even if one is lost. */
      readonly replicas: number;
      /** A lower bound, from the missed rates. null: a search found none. */
      readonly low: number | null;
      /** Set if more replicas must run than were measured: what each further one is assumed to add. */
      readonly addedPerSecond?: number;
    }
  | {
      readonly ok: false;
      /** `too-many`: more than twice the measured number. `no-gain`: it is not certain that a further replica adds anything. */
      readonly because: 'too-many' | 'no-gain';
      readonly measuredReplicas: number;
    };

/** The number of replicas that may be lost. */
const SPARE = 1;
/** Nothing is predicted for more than this multiple of the measured number. */
export const FURTHEST = 2;
const TOLERANCE = 1e-9;

export function replicasByScaling({ targetPerSecond, headroom, measured }: ScalingQuestion): ScalingAnswer {
  const sorted = measured.toSorted((a, b) => a.replicas - b.replicas);
  const last = sorted.at(-1)!;
  const needed = targetPerSecond / (1 - headroom) - TOLERANCE;
  const most = FURTHEST * last.replicas;
  const added = addedBy(sorted);
  const running = firstOf(most, (count) => atLeast(sorted, added, count) >= needed);
  if (running === null)
    return {
      ...{ ok: false, measuredReplicas: last.replicas },
      because: added > 0 ? 'too-many' : 'no-gain',
    };
  const isOpen = sorted.some(({ refutedPerSecond }) => refutedPerSecond === null);
  const low = isOpen
    ? null
    : (firstOf(running, (count) => atMost(sorted, count) > needed) ?? running) + SPARE;
  return {
    ...{ ok: true, replicas: running + SPARE, low },
    ...(running > last.replicas ? { addedPerSecond: added } : {}),
  };
}

function firstOf(most: number, isEnough: (count: number) => boolean): number | null {
  for (let count = 1; count <= most; count++) if (isEnough(count)) return count;
  return null;
}

/**
 * What a further replica certainly adds: the difference between the last two numbers of replicas. With a single number, all
 * replicas are assumed to carry the same.
 */
function addedBy(sorted: readonly MeasuredReplicas[]): number {
  const last = sorted.at(-1)!;
  const before = sorted.at(-2);
  const each = last.provenPerSecond / last.replicas;
  if (before === undefined) return each;
  if (before.refutedPerSecond === null) return 0;
  const gain = (last.provenPerSecond - before.refutedPerSecond) / (last.replicas - before.replicas);
  return Math.min(each, Math.max(0, gain));
}

/** The rate that this number of replicas carries at least. Between two measured numbers, the rate is assumed to grow evenly. */
function atLeast(sorted: readonly MeasuredReplicas[], added: number, count: number): number {
  const above = sorted.find(({ replicas }) => replicas >= count);
  const below = sorted.findLast(({ replicas }) => replicas <= count);
  // Fewer replicas share less, so each carries at least as much.
  if (below === undefined) return (above!.provenPerSecond * count) / above!.replicas;
  if (above === undefined) return below.provenPerSecond + (count - below.replicas) * added;
  if (above === below) return above.provenPerSecond;
  const part = (count - below.replicas) / (above.replicas - below.replicas);
  return below.provenPerSecond + part * (above.provenPerSecond - below.provenPerSecond);
}

/** The rate that this number of replicas carries at most: no more than a larger number, and no more each than was measured. */
function atMost(sorted: readonly MeasuredReplicas[], count: number): number {
  const above = sorted.find(({ replicas }) => replicas >= count);
  const last = sorted.at(-1)!;
  return above?.refutedPerSecond ?? (last.refutedPerSecond! * count) / last.replicas;
}
