import { toSeconds } from '../document/units.ts';
import { latencyEffectOf, USUAL_CONFIDENCE } from '../judge/certainty.ts';
import { measureIn } from '../measures/measure.ts';
import type { Evidence, Plan, PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import type { Reason } from '../model/reasons.ts';
import { type Result, unwrap } from '../model/result.ts';
import { type Block, LEAST_BLOCKS, totalsOf } from '../statistics/design-effect.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { budgetOf } from '../statistics/statistics.ts';
import { slowerBlocks } from '../window/blocks.ts';
import { type Scope, scopeOf } from '../window/phases.ts';
import { parseValue } from '../window/targets.ts';
import { countIncreases, cutWindow, type Frame } from '../window/window.ts';

/**
 * Where a percentile may truly lie: in no verdict, where a share is judged; for comparing runs, of which both keep the limit
 * by far and one is slower. As fine as the buckets are.
 */
export interface PercentileAtService {
  /** As the service's buckets have it, interpolated inside its own. */
  readonly valueSeconds: number;
  /** Each end alone holds with the plan's confidence (95% where it has none); null: there is too little to tell, or a replica ended. */
  readonly bounds: { readonly lowSeconds: number; readonly highSeconds: number | null } | null;
}

/** Of each latency objective that the service's counts can tell, by its id. */
export function percentilesOf(
  plan: Plan,
  run: RunRecord,
  evidence: Evidence,
): Readonly<Record<string, PercentileAtService>> {
  const frame = cutWindow(plan, run, evidence);
  return Object.fromEntries(
    plan.objectives.flatMap((objective) => {
      const found = percentileIn(scopeOf(objective, plan, run, evidence, frame), objective, plan, run);
      return found === null ? [] : [[objective.id, found]];
    }),
  );
}

function percentileIn(
  scope: Result<Scope, Reason>,
  objective: PlannedObjective,
  plan: Plan,
  run: RunRecord,
): PercentileAtService | null {
  const measured = measureIn(scope, objective, run, plan.requests);
  if (objective.measure.kind !== 'latency' || measured.kind !== 'share') return null;
  // What was counted was counted in a frame, and without what replicas that ended took with them.
  const frame = unwrap(unwrap(scope).frame);
  const isWhole = (measured.uncounted ?? 0) === 0;
  const bounds = isWhole ? boundsIn(objective.measure, frame, plan.confidence) : null;
  return { valueSeconds: measured.value, bounds };
}

function boundsIn(
  { buckets, percentile, valuesIn }: PlannedMeasure & { kind: 'latency' },
  frame: Frame,
  confidence: number | null,
): PercentileAtService['bounds'] {
  const counted = countIncreases(buckets, frame);
  if (!counted.ok) return null;
  const edges = commonEdges(counted.value.map(({ labels }) => toSeconds(parseValue(labels.le!), valuesIn)));
  const slower = slowerBlocks(counted.value, edges, frame, valuesIn);
  return percentileBounds(edges, slower, percentile, confidence ?? USUAL_CONFIDENCE);
}

/**
 * A percentile is over an edge when the share of slower answers is surely over what it leaves, and at or under the edge when
 * that share surely is not: the interval of a share, read the other way round, with all that answers depend on each other.
 * `slower` has for each ascending edge the answers that took longer, block by block; null with too few blocks.
 */
export function percentileBounds(
  edges: readonly number[],
  slower: readonly (readonly Block[])[],
  percentile: number,
  confidence: number,
): PercentileAtService['bounds'] {
  if (slower.some(({ length }) => length < LEAST_BLOCKS)) return null;
  const budget = budgetOf(percentile);
  const sure = slower.map((blocks, index) => {
    const { part: bad, total: all } = totalsOf(blocks);
    const known = latencyEffectOf({ blocks, lower: slower.slice(0, index) });
    return shareBounds({ bad, all, effect: known ?? { factor: 1, blocks: blocks.length } }, confidence);
  });
  return {
    lowSeconds: edges[sure.findLastIndex(({ low }) => low > budget)] ?? 0,
    highSeconds: edges[sure.findIndex(({ high }) => high <= budget)] ?? null,
  };
}

/** The finite edges that all histograms have, ascending: each stands there as often as any. */
function commonEdges(all: readonly number[]): readonly number[] {
  const often = Map.groupBy(all, (edge) => edge);
  const most = Math.max(...[...often.values()].map(({ length }) => length));
  return [...often]
    .flatMap(([edge, { length }]) => (Number.isFinite(edge) && length === most ? [edge] : []))
    .sort((a, b) => a - b);
}
