import type { ObjectiveVerdict, Plan, Verdict } from '../model/model.ts';
import { crossing } from '../statistics/bisection.ts';
import { boundsAt, effectOfBounds } from '../statistics/intervals.ts';
import { budgetFor } from '../statistics/rule-in-force.ts';
import type { NearLimit } from './search-model.ts';

/** How near a run was to the limit, from the bounds of its verdict. An undecided objective has bounds, but no value. */

/** For the objective that used the most of its error budget. null: no objective has one. */
export function nearLimitOf({ objectives }: Plan, verdict: Verdict, seconds: number): NearLimit | null {
  const deciding = verdict.objectives.filter(({ exempt, phase }) => exempt === undefined && phase === null);
  const seen = deciding.map((one) => usedBy(one, objectives));
  const all = seen.filter((one) => one !== null);
  const [nearest] = all.toSorted((a, b) => b.used - a.used);
  if (nearest === undefined) return null;
  const [hardest] = all.toSorted((a, b) => a.budget * a.independent - b.budget * b.independent);
  const { budget, independent } = hardest!;
  const isPartial = deciding.some(({ verdict: own }, index) => own !== 'met' && seen[index] === null);
  return { ...nearest, seconds, ...(isPartial ? { isPartial } : {}), hardest: { budget, independent } };
}

/** null: the objective has no error budget, or it is unknown how much of it was used. */
function usedBy(
  judged: ObjectiveVerdict,
  objectives: Plan['objectives'],
): Pick<NearLimit, 'used' | 'budget' | 'independent'> | null {
  const planned = objectives.find(({ id }) => id === judged.id);
  const kind = planned?.measure.kind;
  if (planned === undefined || (kind !== 'latency' && kind !== 'ratio' && kind !== 'success')) return null;
  const budget = budgetFor(planned);
  const sample = sampleOf(judged, kind);
  if (sample === null || !(budget > 0)) return null;
  return { used: sample.share / budget, budget, independent: sample.size };
}

interface Sample {
  /** Of bad responses. */
  readonly share: number;
  /** The responses are worth as much as this many independent ones. */
  readonly size: number;
}

function sampleOf(
  { verdict, share, interval }: ObjectiveVerdict,
  kind: 'latency' | 'ratio' | 'success',
): Sample | null {
  // A latency is judged by the share of responses within the limit.
  const isOfBad = kind === 'ratio';
  if (interval !== null) {
    const { low, high, eachBound, confidence } = interval;
    return sampleBetween(
      ...(isOfBad ? ([low, high] as const) : ([1 - high, 1 - low] as const)),
      eachBound ?? confidence,
    );
  }
  // If some of the load was not sent, an objective can be missed for certain, but has no bounds.
  return verdict === 'missed' && share !== null ? { share: isOfBad ? share : 1 - share, size: FEW } : null;
}

/** The responses of an overloaded service are a few long bursts. */
const FEW = 20;
const MAX_SIZE = 1e7;

/** The share and the number of independent responses that have these bounds; null: all responses may be bad. */
export function sampleBetween(low: number, high: number, confidence: number): Sample | null {
  if (!(low >= 0 && high < 1 && low < high)) return null;
  /** The size at which this share has the upper bound `high`. */
  const sizeOf = (share: number) => MAX_SIZE / effectOfBounds(share * MAX_SIZE, MAX_SIZE, high, confidence);
  const isBelow = (share: number) => {
    const size = sizeOf(share);
    return boundsAt(share * size, size, confidence).low < low;
  };
  // The lower bound is 0 only if no response was bad.
  const share = low === 0 ? 0 : crossing(low, high, isBelow);
  return { share, size: sizeOf(share) };
}
