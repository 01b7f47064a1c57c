import { DEFAULT_CONFIDENCE, latencyEffectOf } from '../judge/certainty.ts';
import { allOf, bucketsAt, commonEdges, groupHistograms } from '../measures/histograms.ts';
import { measureIn } from '../measures/measure.ts';
import type { Evidence, Plan, PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import type { Reason } from '../model/reasons.ts';
import { type Result, unwrap } from '../model/result.ts';
import { type Block, MIN_BLOCKS, totalsOf } from '../statistics/design-effect.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { budgetOf } from '../statistics/statistics.ts';
import { slowerBlocks } from '../window/blocks.ts';
import { cutWindow } from '../window/cut-window.ts';
import { type Scope, scopeOf } from '../window/phases.ts';
import { countIncreases, type Frame } from '../window/window.ts';

/**
 * The range of a percentile's true value. A verdict judges a share instead; this is for comparing runs that
 * both meet the limit easily while one is slower. Its resolution is that of the buckets.
 */
export interface PercentileAtService {
  /** Interpolated within the service's bucket that contains the percentile. */
  readonly valueSeconds: number;
  /**
   * Each bound holds on its own with the plan's confidence (95% if it has none); null: there are too few
   * data, or a replica ended.
   */
  readonly bounds: { readonly lowSeconds: number; readonly highSeconds: number | null } | null;
}

/** For each latency objective that the service's counts cover, by its id. */
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
  const measured = measureIn(scope, objective, run);
  if (objective.measure.kind !== 'latency' || measured.kind !== 'share') return null;
  // Counts need a window that was cut, and lack what ended replicas counted unseen.
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
  const histograms = groupHistograms(counted.value, valuesIn);
  const edges = commonEdges(histograms).filter(Number.isFinite);
  const within = edges.map((edge) => bucketsAt(edge, histograms));
  const slower = slowerBlocks(allOf(histograms), within, frame);
  return percentileBounds(edges, slower, percentile, confidence ?? DEFAULT_CONFIDENCE);
}

/**
 * A percentile is above an edge if the share of slower responses is certainly above its budget, and at or
 * below the edge if that share certainly is not: the interval of a share, inverted, including the design
 * effect. `slower` has the responses over each ascending edge by block; null with too few blocks.
 */
export function percentileBounds(
  edges: readonly number[],
  slower: readonly (readonly Block[])[],
  percentile: number,
  confidence: number,
): PercentileAtService['bounds'] {
  if (slower.some(({ length }) => length < MIN_BLOCKS)) return null;
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
