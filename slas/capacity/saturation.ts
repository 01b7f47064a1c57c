/** Finds the first bottleneck. Resources are ordered by the rate at which their use stopped being proportional to the load. */

export interface Resource {
  readonly name: string;
  /** The unit of `points`. */
  readonly unit: 'cores' | 'seconds' | 'bytes' | 'count' | 'ratio' | 'per_second';
  /** The maximum that it can provide, in `unit`. null: unknown, so only a bend shows that it is a bottleneck. */
  readonly most: number | null;
  /** The use of the resource at each rate, in any order. */
  readonly points: readonly { readonly ratePerSecond: number; readonly value: number }[];
  /** Smaller changes than this are ignored, in `unit`. */
  readonly noise: number;
}

export interface Bent {
  readonly name: string;
  readonly unit: Resource['unit'];
  /** The lowest rate at which the resource was a bottleneck. */
  readonly ratePerSecond: number;
  readonly because: 'nearly-used-up' | 'out-of-proportion';
  readonly value: number;
  /** The value expected in proportion to lower rates; for `nearly-used-up`, the maximum. */
  readonly expected: number;
}

/** From this share of the maximum on, no headroom is left for bursts. */
const NEARLY_ALL = 0.9;
/** Use above this multiple of what lower rates predict is out of proportion. */
const OUT_OF_PROPORTION = 2;

/** The bottlenecks, lowest rate first. */
export function inOrderOfBending(resources: readonly Resource[]): readonly Bent[] {
  return resources
    .flatMap((resource) => bentAt(resource) ?? [])
    .toSorted((a, b) => a.ratePerSecond - b.ratePerSecond || excess(b) - excess(a));
}

/** Of two bottlenecks at the same rate, the resource that deviates more from the expected value comes first. */
const excess = ({ value, expected }: Bent) => value / Math.max(expected, Number.MIN_VALUE);

function bentAt({ name, unit, most, points, noise }: Resource): Bent | null {
  const sorted = points
    .filter(({ value }) => Number.isFinite(value))
    .toSorted((a, b) => a.ratePerSecond - b.ratePerSecond);
  for (const [index, { ratePerSecond, value }] of sorted.entries()) {
    const found = { name, unit, ratePerSecond, value };
    if (most !== null && value >= NEARLY_ALL * most)
      return { ...found, because: 'nearly-used-up', expected: most };
    const expected = expectedFrom(sorted.slice(0, index), ratePerSecond);
    if (expected !== null && value > OUT_OF_PROPORTION * Math.max(expected, 0) + noise)
      return { ...found, because: 'out-of-proportion', expected };
  }
  return null;
}

/**
 * Part of the use grows in proportion to the load at most; the rest is constant. The lowest rate may be idle by chance, so the median over
 * all lower rates is used.
 */
function expectedFrom(
  lower: readonly { readonly ratePerSecond: number; readonly value: number }[],
  ratePerSecond: number,
): number | null {
  if (lower.length < 2) return null;
  const sorted = lower
    .map((one) => (one.value * ratePerSecond) / one.ratePerSecond)
    .toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
