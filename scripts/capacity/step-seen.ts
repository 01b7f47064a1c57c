import { type Decided, decidedBy } from '../../slas/capacity/basis.ts';
import { brokenIn, outcomeOf, type StepRecord } from '../../slas/capacity/record.ts';
import type { StepPlan } from '../../slas/capacity/search.ts';
import { decisive } from '../../slas/judge/exempt.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { Evidence, Plan, RunRecord, Verdict } from '../../slas/model/model.ts';
import { scheduleLooks } from '../../slas/statistics/sequential.ts';

/** What a step's run shows: computed after the run, and again when the search is resumed. */

interface Seen {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly evidence: Evidence | null;
}

export type Confidences = Pick<StepPlan, 'confidence' | 'missConfidence'>;

/** @param verdict of this run, by its own plan */
export function seenIn(
  confidences: Confidences,
  seen: Seen,
  verdict: Verdict,
): Pick<
  StepRecord,
  'outcome' | 'because' | 'verdict' | 'missed' | 'broken' | 'loadedSeconds' | keyof Decided
> {
  const strict = strictly(confidences, seen);
  const outcome = outcomeOf(verdict, strict, seen.run);
  const { decidedAtSeconds, scheduledSeconds } = seen.run.load!;
  return {
    ...outcome,
    verdict: verdict.verdict,
    missed: missedIn(outcome.outcome === 'missed' && verdict.verdict !== 'fail' ? strict : verdict),
    broken: brokenIn(verdict),
    ...decidedBy(verdict),
    loadedSeconds: decidedAtSeconds ?? scheduledSeconds,
  };
}

const missedIn = ({ objectives }: Verdict) =>
  decisive(objectives)
    .filter((one) => one.verdict === 'missed')
    .map(({ id }) => id);

/** Judges the same run at the confidence that the search requires of a miss. */
function strictly({ missConfidence, confidence }: Confidences, { plan, run, evidence }: Seen): Verdict {
  if (plan.sequential === undefined) {
    const sent = asSent(plan, run);
    return judge({ ...sent.plan, confidence: Math.max(missConfidence, confidence) }, sent.run, evidence!);
  }
  const { maxSeconds, atLeastSeconds } = plan.sequential;
  const sequential = scheduleLooks(maxSeconds, Math.max(missConfidence, confidence), atLeastSeconds);
  return judge({ ...plan, confidence: missConfidence, sequential }, run, evidence!);
}

/**
 * Replaces the plan of a script's run by what the script sent. The result can show that an objective is missed, but
 * not that it is met.
 */
export function asSent(plan: Plan, run: RunRecord): { readonly plan: Plan; readonly run: RunRecord } {
  const { load } = plan;
  const recorded = run.load?.scenarios;
  if (load?.k6 === undefined || recorded === undefined) return { plan, run };
  const sent = recorded.map((one) => ({ ...one, droppedIterations: 0 }));
  const scenarios = load.k6.scenarios.map((one) => ({
    ...one,
    plannedIterations: sent.find(({ name }) => name === one.name)?.iterations ?? one.plannedIterations,
  }));
  return {
    plan: { ...plan, load: { ...load, k6: { ...load.k6, scenarios } } },
    run: { ...run, load: { ...run.load!, scenarios: sent, droppedIterations: 0 } },
  };
}
