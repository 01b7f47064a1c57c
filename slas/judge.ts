import {
  type Certainty,
  certaintyOf,
  certaintyOfCount,
  latencyEffectOf,
  type Surroundings,
} from './certainty.ts';
import { type ClientView, explainGap, viewOfClient } from './client.ts';
import { confidenceOf, decide, decideAtClient, type Grounds } from './decide.ts';
import { largestOf } from './design-effect.ts';
import { highestGauge, type Measured, measure } from './measure.ts';
import type {
  Evidence,
  ObjectiveOutcome,
  ObjectiveVerdict,
  Outcome,
  Plan,
  PlannedObjective,
  Precondition,
  RunRecord,
  Verdict,
} from './model.ts';
import { checkPreconditions } from './preconditions.ts';
import { selectorsOf } from './promql.ts';
import { reconcile } from './reconcile.ts';
import { type Decision, type Observed, rule } from './ruling.ts';
import { cutWindow, type Frame } from './window.ts';

/**
 * How a verdict comes about.
 *
 *   1. window.ts cuts the window: for each target, from the last scrape at or before the first request to the first at or
 *      after the last answer. Counts are differences of raw samples between these two.
 *   2. preconditions.ts lists what must be true for the counts to mean anything.
 *   3. Each objective is measured (measure.ts) and decided (decide.ts): met, missed or undecided, by the
 *      service's clock and by the client's.
 *   4. How sure that is (certainty.ts); where the plan asks for a confidence, that decides (ruling.ts).
 *   5. One missed is a fail, whatever else is undecided. All met, and no precondition broken, is a pass. Anything else is
 *      inconclusive: a pass is earned, never left over.
 */
export function judge(plan: Plan, run: RunRecord, evidence: Evidence): Verdict {
  const frame = cutWindow(plan, run, evidence);
  const reconciled = reconcile(plan, run, frame);
  const preconditions = checkPreconditions(plan, run, evidence, frame, reconciled);
  const grounds = { plan, run, preconditions };
  const seen = plan.objectives.map((objective) => ({
    objective,
    measured: measure(objective, run, frame, plan.requests),
    view: viewOfClient(objective, run),
  }));
  const sides = sidesOf(seen, grounds);
  const objectives = seen.map((one, index) => {
    const decided = worseOf(sides[index]!, one.view);
    return told(one, { ...decided, decision: explained(decided.decision, one, plan, frame) }, frame);
  });
  const verdict = conclude(objectives, preconditions);
  return {
    schema: 'sla-harness/verdict/v1',
    verdict,
    exitCode: verdict === 'pass' ? 0 : verdict === 'fail' ? 1 : 3,
    summary: summarise(verdict, objectives, preconditions),
    sla: plan.sla.name,
    scenario: plan.sla.scenario,
    run: run.id,
    window: { from: rfc3339(run.window.fromSeconds), to: rfc3339(run.window.toSeconds) },
    objectives,
    preconditions,
    reconciliation: reconciled.ok ? reconciled.rows : [],
  };
}

const rfc3339 = (seconds: number) => new Date(seconds * 1000).toISOString();

// ---------------------------------------------------------------------------------------------- one objective

/** What there is to judge of one objective. */
interface Seen {
  readonly objective: PlannedObjective;
  readonly measured: Measured;
  readonly view: ClientView | null;
}

/** What the service's clock decides and, where it was asked, what the client's does. */
interface Sides {
  readonly server: Observed;
  readonly client: Observed | null;
}

/** Both sides of every objective, decided by what was observed or, where the plan asks for a confidence, by that. */
function sidesOf(seen: readonly Seen[], grounds: Grounds): readonly Sides[] {
  const servers = seen.map(
    ({ objective, measured }): Observed => ({
      objective,
      decision: decide(objective, measured, grounds),
      certainty: certaintyOf(objective, measured, surroundingsOf(seen, measured, grounds)),
      isClient: false,
    }),
  );
  const clients = seen.map(({ objective, view }) =>
    view === null ? null : clientSide(objective, view, seen, grounds),
  );
  const present = clients.filter((client) => client !== null);
  const decisions = rule([...servers, ...present], confidenceOf(grounds.plan));
  const ruled = (side: Observed, index: number) => ({ ...side, decision: decisions[index]! });
  return servers.map((server, index) => {
    const client = clients[index]!;
    return {
      server: ruled(server, index),
      client: client === null ? null : ruled(client, servers.length + present.indexOf(client)),
    };
  });
}

function clientSide(
  objective: PlannedObjective,
  view: ClientView,
  seen: readonly Seen[],
  grounds: Grounds,
): Observed {
  const counted = { ...view, samples: view.measured.samples };
  return {
    objective,
    decision: decideAtClient(objective, counted, grounds),
    certainty: certaintyOfCount(objective, counted, surroundingsOf(seen, counted, grounds)),
    isClient: true,
  };
}

/** Slow answers tell how requests depend on each other where few bad ones cannot: the error rate leans on them, too. */
function surroundingsOf(
  seen: readonly Seen[],
  own: Measured | { readonly samples: number },
  { plan, run }: Grounds,
): Surroundings {
  const { fromSeconds, toSeconds } = run.window;
  const samples = 'samples' in own ? own.samples : 0;
  const latencies = seen.flatMap(({ objective, measured }) =>
    objective.measure.kind === 'latency' && measured.kind === 'share' ? [latencyEffectOf(measured)] : [],
  );
  const clients = seen.flatMap(({ view }) => (view === null ? [] : [latencyEffectOf(view)]));
  return {
    confidence: confidenceOf(plan),
    latencyEffect: largestOf(latencies),
    clientEffect: largestOf(clients),
    ratePerSecond:
      plan.load === null
        ? samples / (toSeconds - fromSeconds)
        : plan.load.plannedRequests / plan.load.scheduledSeconds,
  };
}

/** The worse of server and client decides, and brings its certainty along. */
function worseOf({ server, client }: Sides, view: ClientView | null): Decided {
  if (client === null || view === null) return { ...server, nearLimit: isNear(server) };
  const atClient = client.decision.isWhole ? client.decision.reason : view.words;
  const reason = `${server.decision.reason}; ${atClient}`;
  if (client.decision.verdict === 'missed' && server.decision.verdict !== 'missed') {
    const decision: Decision = { ...client.decision, reason, ...valueAtClient(view), byClient: true };
    return { decision, certainty: client.certainty, nearLimit: isNear(client) };
  }
  if (server.decision.verdict === 'met' && client.decision.verdict === 'undecided') {
    const why = client.decision.isWhole ? reason : `${reason}: ${client.decision.reason}`;
    return { ...client, decision: { ...client.decision, reason: why }, nearLimit: isNear(client) };
  }
  const isAlert = [server, client].some(({ decision }) => decision.severity === 'alert');
  const severity = isAlert ? 'alert' : server.decision.severity;
  const near = server.decision.verdict === 'met' ? [server, client] : [server];
  return {
    decision: { ...server.decision, severity, reason },
    certainty: server.certainty,
    nearLimit: near.some(isNear),
  };
}

const isNear = ({ decision, certainty }: Observed) => decision.isWhole === true && certainty?.side === 'both';

interface Decided {
  readonly decision: Decision;
  readonly certainty: Certainty | null;
  readonly nearLimit: boolean;
}

/** The exact percentile; one that lies among requests without an answer is over the slowest that had one. */
const valueAtClient = ({ measured: { value, samples }, slowestSeconds }: ClientView): Partial<Decision> =>
  value === null ? { samples, value: slowestSeconds, bucket: [slowestSeconds, null] } : { samples, value };

// ---------------------------------------------------------------------------------------------- telling

/** A miss that only the client saw says where the time went. */
function explained(decision: Decision, { measured, view }: Seen, plan: Plan, frame: Frame): Decision {
  const atClient = view?.measured.value ?? null;
  if (decision.byClient === undefined || view === null || atClient === null || measured.kind !== 'share')
    return decision;
  const lag = plan.lag === null ? null : highestGauge(plan.lag, frame);
  return {
    ...decision,
    reason: `${decision.reason}, ${explainGap(atClient, measured.value, view.blockedSeconds, lag)}`,
  };
}

function told({ objective, measured, view }: Seen, decided: Decided, frame: Frame): ObjectiveVerdict {
  const { decision, nearLimit } = decided;
  const { verdict, severity, reason } = decision;
  const sure = decision.isWhole ? decided.certainty : null;
  const share = decision.byClient ? view!.measured.share : (decision.value ?? measuredShare(measured));
  return {
    id: objective.id,
    title: objective.title,
    verdict,
    severity,
    value: verdict === 'undecided' ? null : (decision.value ?? measuredValue(measured)),
    unit: objective.unit,
    share: verdict === 'undecided' ? null : share,
    bucket: decision.byClient
      ? (decision.bucket ?? null)
      : verdict !== 'undecided' && measured.kind === 'share'
        ? measured.bucket
        : null,
    target: objective.target.text,
    alert: objective.alert?.text ?? null,
    samples: decision.samples ?? (measured.kind === 'nothing' ? 0 : measured.samples),
    client: view?.measured ?? null,
    interval: sure?.interval ?? null,
    margin: tidy(sure?.margin ?? censusMargin(objective, measured, verdict)),
    nearLimit,
    detectable: sure?.detectable ?? null,
    needed: sure?.needed ?? null,
    query: selectorsOf(objective.measure)
      .map((selector) => frame.readings.get(selector)?.query ?? selector)
      .join('\n'),
    reason,
  };
}

function measuredValue(measured: Measured): number | null {
  if (measured.kind === 'nothing') return null;
  return measured.kind === 'census' ? measured.up / measured.samples : measured.value;
}

/** Without what subtraction leaves in the last digits. */
const tidy = (value: number | null) => (value === null ? null : Number(value.toPrecision(12)));

const censusMargin = ({ target }: PlannedObjective, measured: Measured, verdict: ObjectiveOutcome) =>
  measured.kind === 'census' && verdict !== 'undecided'
    ? measured.up / measured.samples - target.value
    : null;

function measuredShare(measured: Measured): number | null {
  if (measured.kind === 'share') return measured.share;
  return measured.kind === 'census' ? measured.up / measured.samples : null;
}

// ---------------------------------------------------------------------------------------------- the whole

function conclude(objectives: readonly ObjectiveVerdict[], preconditions: readonly Precondition[]): Outcome {
  if (objectives.some(({ verdict }) => verdict === 'missed')) return 'fail';
  const allMet = objectives.length > 0 && objectives.every(({ verdict }) => verdict === 'met');
  return allMet && preconditions.every(({ ok }) => ok !== false) ? 'pass' : 'inconclusive';
}

function summarise(
  verdict: Outcome,
  objectives: readonly ObjectiveVerdict[],
  preconditions: readonly Precondition[],
): string {
  const ids = (outcome: ObjectiveOutcome) =>
    objectives
      .filter((one) => one.verdict === outcome)
      .map(({ id }) => id)
      .join(', ');
  switch (verdict) {
    case 'pass':
      return `all ${objectives.length} objectives are met`;
    case 'fail':
      return `missed: ${ids('missed')}${ids('undecided') === '' ? '' : `; undecided: ${ids('undecided')}`}`;
    case 'inconclusive': {
      if (objectives.length === 0)
        return 'the document has no objective for this: nothing was promised, so nothing passed';
      const broken = preconditions.find(({ ok }) => ok === false);
      const why = broken ?? objectives.find((one) => one.verdict === 'undecided');
      const told = why === undefined ? '' : ` (${'detail' in why ? why.detail : why.reason})`;
      return ids('undecided') === ''
        ? `a precondition does not hold${told}`
        : `undecided: ${ids('undecided')}${told}`;
    }
    default:
      return verdict satisfies never;
  }
}
