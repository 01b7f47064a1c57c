import type { ObjectiveVerdict, Plan, PlannedMeasure, Verdict } from '../model/model.ts';
import type { PercentileAtService } from './percentiles.ts';

/**
 * Compares a run with an earlier one of the same plan, for information only. It never changes a verdict,
 * because a service may get slower and still meet its objectives.
 */

/** The earlier run, stored in the later run's folder, so that the comparison can be repeated from that folder alone. */
export interface Baseline {
  readonly schema: 'sla-harness/baseline/v1';
  /** The hash of the earlier run's manifest, which covers its whole folder. */
  readonly manifestSha256: string;
  readonly verdict: Verdict;
  /** The percentiles of its latency objectives, by objective id. */
  readonly percentiles: Readonly<Record<string, PercentileAtService>>;
  /** The `environment.json` of the earlier run. */
  readonly environment: unknown;
}

export interface Comparison {
  readonly baseline: Baseline;
  readonly objectives: readonly ComparedObjective[];
  /** Other differences from the baseline, by their place in `environment.json`. */
  readonly circumstances: readonly Circumstance[];
}

/** `same`: a value without random error that did not change. `unknown`: a value or an interval is missing. */
export type Change = 'better' | 'worse' | 'same' | 'within-noise' | 'unknown';

/** A value of one run, and the range of the true value. If `high` is null, the range has no upper end. */
export interface Point {
  readonly value: number | null;
  readonly bounds: { readonly low: number; readonly high: number | null } | null;
}

export interface ComparedObjective {
  /** From this run's verdict: title, unit, target. */
  readonly objective: ObjectiveVerdict;
  readonly isPercentile: boolean;
  readonly before: Point;
  readonly now: Point;
  /** This run's value minus the baseline's, in the objective's unit. */
  readonly difference: number | null;
  readonly change: Change;
  /** Why the change is unknown; null if it is known. */
  readonly unknownBecause: string | null;
}

export interface Circumstance {
  readonly what: string;
  readonly before: string;
  readonly now: string;
}

/** The parts of this run that a comparison uses. */
export interface Compared {
  readonly plan: Plan;
  readonly verdict: Verdict;
  readonly percentiles: Baseline['percentiles'];
  readonly environment: unknown;
}

export function compare(baseline: Baseline, now: Compared): Comparison {
  const objectives = now.verdict.objectives.flatMap((objective) => {
    const then = baseline.verdict.objectives.find(({ id }) => id === objective.id);
    const planned = now.plan.objectives.find(({ id }) => id === objective.id);
    if (then === undefined || planned === undefined) return [];
    const points = [
      pointOf(then, planned.measure, baseline),
      pointOf(objective, planned.measure, now),
    ] as const;
    return [compared(objective, planned.measure, ...points)];
  });
  return { baseline, objectives, circumstances: circumstancesOf(baseline.environment, now.environment) };
}

/** A percentile is taken from the service's histogram, with an interval that a verdict does not need. Any other value is the judged one. */
function pointOf(
  { id, value, interval }: ObjectiveVerdict,
  { kind }: PlannedMeasure,
  { percentiles }: Pick<Compared, 'percentiles'>,
): Point {
  if (kind !== 'latency' || value === null) return { value, bounds: interval };
  const found = Object.hasOwn(percentiles, id) ? percentiles[id] : undefined;
  if (found === undefined) return { value: null, bounds: null };
  const { valueSeconds, bounds } = found;
  return {
    value: valueSeconds,
    bounds: bounds === null ? null : { low: bounds.lowSeconds, high: bounds.highSeconds },
  };
}

function compared(
  objective: ObjectiveVerdict,
  { kind }: PlannedMeasure,
  before: Point,
  now: Point,
): ComparedObjective {
  const difference = before.value === null || now.value === null ? null : now.value - before.value;
  const { change, unknownBecause = null } = changeOf(kind, before, now, objective.target.startsWith('<'));
  return { objective, isPercentile: kind === 'latency', before, now, difference, change, unknownBecause };
}

interface Described {
  readonly change: Change;
  readonly unknownBecause?: string;
}

const unknown = (unknownBecause: string): Described => ({ change: 'unknown', unknownBecause });

function changeOf(kind: PlannedMeasure['kind'], before: Point, now: Point, lessIsBetter: boolean): Described {
  if (now.value === null) return unknown('this run could not decide it');
  if (before.value === null) return unknown('the baseline could not decide it');
  const by = (isLess: boolean): Described => ({ change: isLess === lessIsBetter ? 'better' : 'worse' });
  // A census of scrapes has no random error.
  if (kind === 'uptime')
    return now.value === before.value ? { change: 'same' } : by(now.value < before.value);
  if (kind === 'peak' || kind === 'recovery') return unknown('a single value has no interval');
  if (now.bounds === null || before.bounds === null)
    return unknown(
      `${now.bounds === null ? 'this run' : 'the baseline'} has no interval: it was too short, or a replica ended during it`,
    );
  const isBucket = kind === 'latency';
  if (isUnder(now.bounds, before.bounds, isBucket)) return by(true);
  if (isUnder(before.bounds, now.bounds, isBucket)) return by(false);
  return { change: 'within-noise' };
}

type Bounds = NonNullable<Point['bounds']>;

/** Buckets are left-open: two adjacent ones do not overlap. */
const isUnder = ({ high }: Bounds, { low }: Bounds, isBucket: boolean) =>
  high !== null && (high < low || (isBucket && high === low));

/** Values that are not compared here: they differ between any two runs, or are compared elsewhere. */
const OF_NO_MATTER = /^(schema$|ci )/;

function circumstancesOf(earlier: unknown, now: unknown): readonly Circumstance[] {
  const [before, after] = [new Map(leavesOf('', earlier)), new Map(leavesOf('', now))];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((what) => {
    const one = { what, before: before.get(what) ?? NOT_KNOWN, now: after.get(what) ?? NOT_KNOWN };
    return one.before === one.now || OF_NO_MATTER.test(what) ? [] : [one];
  });
}

const NOT_KNOWN = 'unknown';

function leavesOf(path: string, value: unknown): (readonly [string, string])[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, one]) =>
      leavesOf(path === '' ? name : `${path} ${name}`, one),
    );
  return path === '' ? [] : [[path, value === null ? NOT_KNOWN : String(value)]];
}
