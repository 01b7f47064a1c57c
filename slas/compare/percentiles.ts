import { judgedRequests, percentileOfRequests } from '../client/client.ts';
import { slowerBySecond } from '../client/requests.ts';
import { DEFAULT_CONFIDENCE, latencyEffectOf } from '../judge/certainty.ts';
import { allOf, bucketsAt, commonEdges, groupHistograms } from '../measures/histograms.ts';
import { measureIn } from '../measures/measure.ts';
import { isByClientAlone } from '../model/kinds.ts';
import type { Evidence, Plan, PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import type { Reason } from '../model/reasons.ts';
import { type Result, unwrap } from '../model/result.ts';
import { type Block, lowerEdgesOf, MIN_BLOCKS, totalsOf } from '../statistics/design-effect.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { budgetOf } from '../statistics/statistics.ts';
import { slowerBlocks } from '../window/blocks.ts';
import { cutWindow } from '../window/cut-window.ts';
import { type Scope, scopeOf } from '../window/phases.ts';
import { countIncreases, type Frame } from '../window/window.ts';

/**
 * The range of a percentile's true value. A verdict judges a share instead. The percentile is for comparing two runs that both meet the
 * limit easily, although one is slower. It is only as precise as the buckets.
 */
export interface PercentileAtService {
  /** Interpolated within the service's bucket that contains the percentile. */
  readonly valueSeconds: number;
  /** Each bound holds on its own with the plan's confidence (95% if it has none); null if there are too few data, or if a replica ended. */
  readonly bounds: { readonly lowSeconds: number; readonly highSeconds: number | null } | null;
}

/** For each latency objective, by id: from the service's counts, or client-side if the service does not measure it. */
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
  if (isByClientAlone(objective.measure))
    return scope.ok ? percentileAtClient(objective, scope.value.run, plan.confidence) : null;
  const measured = measureIn(scope, objective, run);
  if (objective.measure.kind !== 'latency' || measured.kind !== 'share') return null;
  // Counts exist only for a window that could be cut, and lack what terminated replicas counted after their last scrape.
  const frame = unwrap(unwrap(scope).frame);
  const isWhole = (measured.uncounted ?? 0) === 0;
  const bounds = isWhole ? boundsIn(objective.measure, frame, plan.confidence) : null;
  return { valueSeconds: measured.value, bounds };
}

/** Shares of the budget for which bounds are computed. Every duration is known, so only this list limits the precision. */
const OF_BUDGET = [
  8, 4, 3, 2.5, 2, 1.75, 1.5, 1.35, 1.25, 1.15, 1.05, 0.95, 0.85, 0.75, 0.65, 0.5, 0.35, 0.2,
];

function percentileAtClient(
  objective: PlannedObjective,
  { load }: RunRecord,
  confidence: number | null,
): PercentileAtService | null {
  const { measure } = objective;
  if (measure.kind !== 'latency' || measure.clientPath === null || load?.client === undefined) return null;
  const requests = judgedRequests(load.client, measure.clientPath);
  const { ordered } = requests;
  const valueSeconds = percentileOfRequests(ordered, measure.percentile);
  if (valueSeconds === null) return null;
  const budget = budgetOf(measure.percentile);
  const quantiles = [0.5, ...OF_BUDGET.map((part) => 1 - part * budget), 1].filter((part) => part >= 0.5);
  const edges = [...new Set(quantiles.map((part) => ordered[Math.floor(part * (ordered.length - 1))]!))];
  const finite = edges.filter(Number.isFinite).sort((a, b) => a - b);
  const slower = slowerBySecond(requests, finite);
  return {
    valueSeconds,
    bounds: percentileBounds(finite, slower, measure.percentile, confidence ?? DEFAULT_CONFIDENCE),
  };
}

function boundsIn(
  { buckets, percentile, valuesIn }: PlannedMeasure & { kind: 'latency' },
  frame: Frame,
  confidence: number | null,
): PercentileAtService['bounds'] {
  if (buckets === null) return null;
  const counted = countIncreases(buckets, frame);
  if (!counted.ok) return null;
  const histograms = groupHistograms(counted.value, valuesIn);
  const edges = commonEdges(histograms).filter(Number.isFinite);
  const within = edges.map((edge) => bucketsAt(edge, histograms));
  const slower = slowerBlocks(allOf(histograms), within, frame);
  return percentileBounds(edges, slower, percentile, confidence ?? DEFAULT_CONFIDENCE);
}

/**
 * A percentile is above an edge if the share of slower responses is certainly above its budget. It is at or
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
    const lower = lowerEdgesOf(edges.slice(0, index), slower, edges[index]!);
    const known = latencyEffectOf({ blocks, lower }, budget);
    return shareBounds({ bad, all, effect: known ?? { factor: 1, blocks: blocks.length } }, confidence);
  });
  return {
    lowSeconds: edges[sure.findLastIndex(({ low }) => low > budget)] ?? 0,
    highSeconds: edges[sure.findIndex(({ high }) => high <= budget)] ?? null,
  };
}
