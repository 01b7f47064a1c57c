import { shiftedCounts } from '../client/shifted.ts';
import { type Measured, measureIn } from '../measures/measure.ts';
import type { FlipPoint, ObjectiveVerdict, Plan, PlannedObjective, RunRecord } from '../model/model.ts';
import {
  type Block,
  burstEffectOf,
  type DesignEffect,
  largestOf,
  MIN_BLOCKS,
} from '../statistics/design-effect.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { budgetFor, rulingOf } from '../statistics/rule-in-force.ts';
import { compareShare } from '../statistics/statistics.ts';
import { type Count, latencyEffectOf } from './certainty.ts';
import type { Seen } from './sides.ts';

/**
 * What would change a verdict: the same evidence is judged again with every response slower by a factor, or with more failed requests.
 * Latencies are shifted in the client's record, because a histogram cannot be shifted between its edges: a limit that is divided by the
 * factor gives the same counts. Added failures are spread evenly over the run.
 */

type Side = 'met' | 'undecided' | 'missed';

interface Part {
  readonly objective: PlannedObjective;
  readonly scope: Seen['scope'];
  readonly verdict: ObjectiveVerdict['verdict'];
}

/** The outcome of each objective, by the plan's confidence or the observed value, if latencies or failures were different. */
export function flipPointsOf(parts: readonly Part[], { confidence }: Plan, whole: RunRecord): FlipPoint[] {
  const tests = parts.filter(({ objective: { measure } }) => measure.kind !== 'uptime').length;
  const seen = parts.map((part) => shiftable(part, whole));
  const isSure = confidence !== null;
  const latencyEffect = isSure
    ? largestOf(seen.map((one) => (one?.what === 'slower' ? one.effect() : null)))
    : null;
  return parts.map(({ objective, verdict }, index): FlipPoint => {
    const { id } = objective;
    const one = seen[index]!;
    if (one === null || verdict === 'undecided') return { id, what: 'not-shifted' };
    const other = one.what === 'slower' ? null : latencyEffect;
    const at = (value: number) =>
      isSure
        ? sideOf(one.at(value), budgetFor(objective), other, confidence, tests)
        : observedSide(one.countAt(value), objective);
    // The service's histogram or another condition decided, so shifting the client's record would show nothing.
    if (at(one.now) !== verdict) return { id, what: 'not-shifted' };
    return { id, what: one.what, from: verdict, ...changesOf(at, verdict, one.now, one.ends) };
  });
}

function observedSide({ bad, samples }: Pick<Count, 'bad' | 'samples'>, objective: PlannedObjective): Side {
  // Counters of other client libraries may be fractional; shares are compared only as integers.
  if (!Number.isSafeInteger(bad) || !Number.isSafeInteger(samples)) return 'undecided';
  const ruling = rulingOf(objective, null);
  const isMissedAtLimit = ruling.rule === 'observed' && ruling.missedAtLimit;
  return compareShare(bad, samples, budgetFor(objective)) >= (isMissedAtLimit ? 0 : 1) ? 'missed' : 'met';
}

type Shifted = Pick<Count, 'bad' | 'samples' | 'blocks' | 'lower'>;

interface Shiftable {
  readonly what: 'slower' | 'more-failed';
  readonly at: (value: number) => Shifted;
  /** The blocks are left out, because computing them costs a pass over all requests. */
  readonly countAt: (value: number) => Pick<Count, 'bad' | 'samples'>;
  /** The factor or the share of this run, and the range in which it is shifted. */
  readonly now: number;
  readonly ends: readonly [number, number];
  readonly effect: () => DesignEffect | null;
}

const MAX_FACTOR = 1000;
const MIN_SHARE = 1e-6;

function shiftable({ objective, scope }: Part, whole: RunRecord): Shiftable | null {
  if (!scope.ok) return null;
  if (objective.measure.kind === 'latency') return slower(objective, scope.value.run);
  const measured = objective.measure.kind === 'ratio' ? measureIn(scope, objective, whole) : null;
  return measured?.kind === 'share' ? moreFailed(measured) : null;
}

function slower(objective: PlannedObjective, { load }: RunRecord): Shiftable | null {
  const { measure, target } = objective;
  const budget = budgetFor(objective);
  if (measure.kind !== 'latency' || measure.clientPath === null || load?.client === undefined) return null;
  const counts = shiftedCounts(load.client, measure.clientPath);
  if (counts === null) return null;
  const { samples, badOver, blocksOver, lower } = counts;
  const countAt = (factor: number) => ({ bad: badOver(target.value / factor), samples });
  const at = (factor: number): Shifted => {
    const limit = target.value / factor;
    const below = lower
      .filter(({ atSeconds }) => atSeconds < limit)
      .map(({ atSeconds, blocks }) => ({ ofLimit: atSeconds / limit, blocks }));
    return { ...countAt(factor), blocks: blocksOver(limit), lower: below };
  };
  const effect = () => latencyEffectOf(at(1), budget);
  return { what: 'slower', at, countAt, now: 1, ends: [1 / MAX_FACTOR, MAX_FACTOR], effect };
}

function moreFailed(measured: Measured & { kind: 'share' }): Shiftable {
  const { bad, samples, blocks, lower } = measured;
  const at = (share: number): Shifted => {
    const shifted = share * samples;
    const moved = (block: Block): Block =>
      shifted >= bad
        ? { ...block, part: block.part + ((shifted - bad) * block.total) / samples }
        : { ...block, part: (block.part * shifted) / bad };
    return { bad: shifted, samples, blocks: blocks.map(moved), lower };
  };
  // A request cannot fail in part.
  const countAt = (share: number) => ({ bad: Math.round(share * samples), samples });
  return { what: 'more-failed', at, countAt, now: bad / samples, ends: [MIN_SHARE, 1], effect: () => null };
}

/** *Missed* is decided as if no other objective were missed: at Holm's first threshold. */
function sideOf(
  { bad, samples: all, blocks, lower }: Shifted,
  budget: number,
  other: DesignEffect | null,
  confidence: number,
  tests: number,
): Side {
  if (blocks.length < MIN_BLOCKS) return 'undecided';
  const known = largestOf([latencyEffectOf({ blocks, lower }, budget), other]);
  const effect = known ?? { factor: 1, blocks: blocks.length };
  const sample = { bad, all, effect, bursts: burstEffectOf(blocks) };
  if (shareBounds(sample, 1 - (1 - confidence) / tests).low > budget) return 'missed';
  return shareBounds(sample, confidence).high <= budget && known !== null ? 'met' : 'undecided';
}

const ACCURACY = 1.005;

/** Where the outcome of this run ends, and where the opposite outcome begins; null if that is not within the range of the search. */
function changesOf(
  at: (value: number) => Side,
  from: 'met' | 'missed',
  now: number,
  [low, high]: readonly [number, number],
) {
  const end = from === 'met' ? high : low;
  const begin = Math.max(now, MIN_SHARE);
  const opposite = from === 'met' ? 'missed' : 'met';
  const ends = firstWhere((value) => at(value) !== from, begin, end);
  const other = firstWhere((value) => at(value) === opposite, ends ?? begin, end);
  return { undecidedAt: ends, otherAt: other };
}

/** By bisection of the logarithm between `begin` and `end`; null if the condition does not hold even at `end`. */
function firstWhere(isTrue: (value: number) => boolean, begin: number, end: number): number | null {
  if (isTrue(begin)) return begin;
  if (!isTrue(end)) return null;
  let [open, found] = [begin, end];
  while (Math.max(open / found, found / open) > ACCURACY) {
    const middle = Math.sqrt(open * found);
    if (isTrue(middle)) found = middle;
    else open = middle;
  }
  return Number(found.toPrecision(3));
}
