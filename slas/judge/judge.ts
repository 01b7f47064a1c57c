import { holdAlerts } from '../alerts/cross-check.ts';
import { explainGap, viewOfClient } from '../client/client.ts';
import { highestGauge, measureIn } from '../measures/measure.ts';
import { isByClientAlone } from '../model/kinds.ts';
import type {
  Evidence,
  ObjectiveOutcome,
  ObjectiveVerdict,
  Outcome,
  Plan,
  Precondition,
  RunRecord,
  Verdict,
} from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { ok } from '../model/result.ts';
import { cutWindow } from '../window/cut-window.ts';
import { scopeOf } from '../window/phases.ts';
import { prefixOf } from '../window/prefix.ts';
import type { Frame } from '../window/window.ts';
import { generatorOnTime, loadDelivered } from './checks/load.ts';
import type { Grounds } from './decide-share.ts';
import { decisive, exempted, exemptOf, isDecidedByDocument } from './exempt.ts';
import { flipPointsOf } from './flip.ts';
import { bothWays, judgeLooks, mayRecover, stillMet } from './looks.ts';
import { checkPreconditions } from './preconditions.ts';
import { type Reconciliation, reconcile } from './reconcile.ts';
import type { Decision } from './ruling.ts';
import { scriptRows } from './script-rows.ts';
import { type Seen, sidesOf, worseOf } from './sides.ts';
import { placeOf, rfc3339, rowOf } from './verdict-row.ts';

/**
 * How a verdict is reached.
 *
 * 1. cut-targets.ts cuts the window: for each scrape target, from the last scrape at or before the first request
 * to the first at or after the last response. Counts are differences of raw samples between the two.
 * 2. preconditions.ts lists what must hold for the counts to mean anything.
 * 3. Each objective is measured (measure.ts) and decided (decide.ts): met, missed or undecided, service-side and client-side.
 * 4. certainty.ts computes how certain that is; if the plan asks for a confidence, the interval decides
 * (ruling.ts).
 * 5. The thresholds and checks of a k6 script that plans its own load are also rows of the verdict (script-rows.ts).
 * 6. One missed row is a fail, even if others are undecided. If all are met and no precondition is broken, it
 * is a pass. Anything else is inconclusive: a pass is never the default.
 * 7. alerts.ts cross-checks the verdict with Prometheus's own alerts. Differences are reported and change
 * nothing.
 */
export function judge(plan: Plan, run: RunRecord, evidence: Evidence): Verdict {
  const whole = wholeOf(plan, run, evidence);
  if (plan.sequential === undefined) return withFlips(judgeWhole(whole), whole);
  const { load, window } = run;
  const began = load?.phases?.[0]?.fromSeconds ?? window.fromSeconds;
  const verdict = judgeLooks(plan.sequential, load?.decidedAtSeconds ?? null, window.toSeconds - began, {
    part: (atSeconds, confidence) => judgePrefix(atSeconds, atConfidence(whole, confidence)),
    whole: (confidence) => judgeWhole(atConfidence(whole, confidence)),
  });
  return withFlips(verdict, whole);
}

/** A window without a record of requests has no latencies to shift. */
const withFlips = (verdict: Verdict, whole: Whole): Verdict =>
  verdict.verdict === 'inconclusive' || whole.run.load?.client === undefined
    ? verdict
    : { ...verdict, flips: flipsIn(verdict, whole) };

/** The flip points of the part of the run that decided, at the confidence of that part. */
function flipsIn({ sequential, objectives }: Verdict, { plan, run, evidence, frame }: Whole) {
  const decidedAtSeconds = sequential?.decidedAtSeconds ?? null;
  const confidence = sequential?.looks.at(-1)?.confidence ?? plan.confidence;
  const prefix = decidedAtSeconds === null ? null : prefixOf(decidedAtSeconds, plan, run, evidence, frame);
  const parts = plan.objectives.map((objective, index) => ({
    objective,
    verdict: objectives[index]!.verdict,
    scope:
      prefix === null
        ? scopeOf(objective, plan, run, evidence, frame)
        : prefix.ok
          ? ok(prefix.value.scope(objective))
          : prefix,
  }));
  return flipPointsOf(parts, { ...plan, confidence }, run);
}

/** The input of every judgement of a run. */
interface Whole {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly evidence: Evidence;
  readonly frame: Frame;
  readonly reconciled: Reconciliation;
  readonly preconditions: readonly Precondition[];
}

function wholeOf(plan: Plan, run: RunRecord, evidence: Evidence): Whole {
  const frame = cutWindow(plan, run, evidence);
  const reconciled = reconcile(plan, run, frame);
  const preconditions = checkPreconditions(plan, run, evidence, frame, reconciled);
  return { plan, run, evidence, frame, reconciled, preconditions };
}

const atConfidence = (whole: Whole, confidence: number): Whole => ({
  ...whole,
  plan: { ...whole.plan, confidence },
});

function judgeWhole(whole: Whole): Verdict {
  const { plan, run, evidence, frame } = whole;
  const scopes = plan.objectives.map((objective) => scopeOf(objective, plan, run, evidence, frame));
  return verdictOf(whole, objectivesIn(scopes, whole));
}

/** null if the lateness of requests is known only for the whole load. */
function onTimeUntil(seconds: number, plan: Plan, run: RunRecord): Precondition | null {
  const { load } = run;
  const late = load?.decidedAtSeconds === seconds ? load.decidedLateP99Seconds : undefined;
  if (load === null || late === undefined) return null;
  const phases = (load.phases ?? []).map((one) => ({ ...one, startedLateP99Seconds: late }));
  return generatorOnTime(plan, { ...run, load: { ...load, phases, startedLateP99Seconds: late } });
}

/** Judges the first seconds of the load as if they were the whole load. */
function judgePrefix(seconds: number, whole: Whole): Verdict {
  const { plan, run, evidence, frame, preconditions } = whole;
  const prefix = prefixOf(seconds, plan, run, evidence, frame);
  const judgeScopes = (scopes: readonly Seen['scope'][]) => {
    const [first] = scopes;
    const sent = first?.ok ? loadDelivered(first.value.plan, first.value.run) : null;
    const own = [sent, onTimeUntil(seconds, plan, run)].filter((one) => one !== null);
    const part = {
      ...whole,
      preconditions: preconditions.map((one) => own.find(({ id }) => id === one.id) ?? one),
    };
    return { part, objectives: objectivesIn(scopes, part) };
  };
  if (!prefix.ok) {
    const { part, objectives } = judgeScopes(plan.objectives.map(() => prefix));
    return verdictOf(part, objectives);
  }
  const { scope, worst } = prefix.value;
  const { part, objectives } = judgeScopes(plan.objectives.map((one) => ok(scope(one))));
  const atWorst =
    worst === null ? objectives : judgeScopes(plan.objectives.map((one) => ok(worst(one)))).objectives;
  const decided = objectives.map((one, index) =>
    mayRecover(bothWays(one, atWorst[index]!), plan.objectives[index]!, seconds, plan.load!),
  );
  const verdict = verdictOf(part, decided);
  if (verdict.verdict !== 'pass' || run.load?.decidedAtSeconds !== seconds) return verdict;
  const now = objectivesUntilNow(whole);
  return verdictOf(
    part,
    decided.map((one, index) => stillMet(one, plan.objectives[index]!, now[index]!)),
  );
}

/** Preconditions that a load does not meet while it is being stopped. */
const UNMET_AT_STOP = ['load-delivered', 'generator-on-time'];

/** The objectives by the observed values of everything that is known when a look is judged. */
function objectivesUntilNow(whole: Whole): readonly ObjectiveVerdict[] {
  const { plan, run, evidence, frame } = whole;
  const preconditions = whole.preconditions.filter(({ id }) => !UNMET_AT_STOP.includes(id));
  const scopes = plan.objectives.map((objective) => scopeOf(objective, plan, run, evidence, frame));
  return objectivesIn(scopes, { ...whole, plan: { ...plan, confidence: null }, preconditions });
}

function objectivesIn(scopes: readonly Seen['scope'][], whole: Whole): readonly ObjectiveVerdict[] {
  const { plan, run, frame, preconditions } = whole;
  const grounds = { plan, run, preconditions };
  const seen = plan.objectives.map((objective, index): Seen => {
    const scope = scopes[index]!;
    return {
      objective,
      scope,
      measured: measureIn(scope, objective, run),
      view: scope.ok ? viewOfClient(objective, scope.value.run) : null,
    };
  });

  const sides = sidesOf(seen, grounds);
  return seen.map((one, index) => {
    const decided = worseOf(sides[index]!, one.view);
    const decision = withoutClient(explained(decided.decision, one, plan), one, grounds);
    return rowOf(one, { ...decided, decision }, frame);
  });
}

function verdictOf(
  { plan, run, evidence, reconciled, preconditions }: Whole,
  judged: readonly ObjectiveVerdict[],
): Verdict {
  const ended = run.window.toSeconds;
  const own = judged.map((one, index) => exempted(one, plan.objectives[index]!, ended));
  const objectives = [...own, ...scriptRows(plan, run, preconditions)];
  const verdict = conclude(objectives, preconditions);
  return {
    schema: 'sla-harness/verdict/v2',
    verdict,
    exitCode: verdict === 'pass' ? 0 : verdict === 'fail' ? 1 : 3,
    summary: summarise(verdict, objectives, preconditions),
    sla: plan.sla.name,
    scenario: plan.sla.scenario,
    run: run.id,
    window: { from: rfc3339(run.window.fromSeconds), to: rfc3339(run.window.toSeconds) },
    objectives,
    preconditions,
    reconciliation: reconciled.ok ? reconciled.value : [],
    ...holdAlerts(plan, run, evidence, judged),
  };
}

/** For a miss seen only by the client, the verdict says where the time was spent. */
function explained(decision: Decision, { measured, view, scope }: Seen, plan: Plan): Decision {
  const atClient = view?.measured.value ?? null;
  if (decision.byClient === undefined || view === null || atClient === null || measured.kind !== 'share')
    return decision;
  const place = placeOf(scope);
  if (decision.verdict !== 'missed' || place === null) return decision;
  const lag = plan.lag === null ? null : highestGauge(plan.lag, place.frame);
  return {
    ...decision,
    reasons: [...decision.reasons, explainGap(atClient, measured.value, view.blockedSeconds, lag)],
  };
}

/**
 * If a script uses another protocol, or other paths than the document, only service-side latency is judged.
 */
function withoutClient(decision: Decision, { objective, view }: Seen, { plan, run }: Grounds): Decision {
  const { measure } = objective;
  if (plan.load?.k6 === undefined || measure.kind !== 'latency' || measure.clientPath === null)
    return decision;
  if (isByClientAlone(measure)) return decision;
  if (view !== null || run.load === null) return decision;
  // If the load requested only other paths, this is already reported, and nothing is decided.
  if (decision.reasons.some(({ code }) => code === 'path-not-requested')) return decision;
  const path = measure.clientPath;
  const { otherProtocols: protocols = [] } = run.load;
  return { ...decision, reasons: [...decision.reasons, reason('client-saw-none', { path, protocols })] };
}

function conclude(objectives: readonly ObjectiveVerdict[], preconditions: readonly Precondition[]): Outcome {
  const deciding = decisive(objectives);
  const isOfDocument = isDecidedByDocument(objectives);
  if (deciding.some(({ verdict }) => verdict === 'missed')) return 'fail';
  const allMet = deciding.length > 0 && deciding.every(({ verdict }) => verdict === 'met');
  return allMet && isOfDocument && preconditions.every(({ ok }) => ok !== false) ? 'pass' : 'inconclusive';
}

function summarise(
  verdict: Outcome,
  objectives: readonly ObjectiveVerdict[],
  preconditions: readonly Precondition[],
): Reason {
  const deciding = decisive(objectives);
  const exempt = exemptOf(objectives);
  const idsOf = (outcome: ObjectiveOutcome) =>
    deciding.filter((one) => one.verdict === outcome).map(({ id }) => id);
  switch (verdict) {
    case 'pass':
      if (exempt.length > 0) return reason('decisive-objectives-met', { count: deciding.length, exempt });
      return objectives.length === 1
        ? reason('objective-met', {})
        : reason('all-objectives-met', { count: objectives.length });
    case 'fail':
      return reason('objectives-missed', { missed: idsOf('missed'), undecided: idsOf('undecided') });
    case 'inconclusive': {
      if (objectives.length === 0) return reason('no-objectives', {});
      if (!isDecidedByDocument(objectives)) return reason('nothing-decisive', { exempt });
      const broken = preconditions.find(({ ok }) => ok === false);
      // No objective was missed and no precondition is broken, so at least one objective must be undecided.
      const { reasons: because } = broken ?? deciding.find((one) => one.verdict === 'undecided')!;
      return reason('objectives-undecided', { undecided: idsOf('undecided'), because });
    }
    default:
      return verdict satisfies never;
  }
}
