import { type ClientView, explainGap, viewOfClient } from './client.ts';
import { holds } from './limits.ts';
import { highestGauge, isWithin, type Measured, measure } from './measure.ts';
import type {
  Evidence,
  Limit,
  ObjectiveOutcome,
  ObjectiveVerdict,
  Outcome,
  Plan,
  PlannedMeasure,
  PlannedObjective,
  Precondition,
  RunRecord,
  Verdict,
} from './model.ts';
import { formatValue } from './numbers.ts';
import { checkPreconditions } from './preconditions.ts';
import { selectorsOf } from './promql.ts';
import { reconcile } from './reconcile.ts';
import { compareShare } from './statistics.ts';
import { cutWindow, type Frame } from './window.ts';

/**
 * How a verdict comes about.
 *
 *   1. window.ts cuts the window: for each target, from the last scrape at or before the first request to the first at or
 *      after the last answer. Counts are differences of raw samples between these two.
 *   2. preconditions.ts lists what must be true for the counts to mean anything.
 *   3. Each objective is measured (measure.ts) and decided here: met, missed or undecided.
 *   4. One missed is a fail, whatever else is undecided. All met, and no precondition broken, is a pass. Anything else is
 *      inconclusive: a pass is earned, never left over.
 */
export function judge(plan: Plan, run: RunRecord, evidence: Evidence): Verdict {
  const frame = cutWindow(plan, run, evidence);
  const reconciled = reconcile(plan, run, frame);
  const preconditions = checkPreconditions(plan, run, evidence, frame, reconciled);
  const objectives = plan.objectives.map((objective) => {
    const measured = measure(objective, run, frame, plan.requests);
    const view = viewOfClient(objective, run);
    const decision = decide(objective, measured, view, { plan, run, preconditions });
    return told(objective, explained(decision, measured, view, plan, frame), measured, view, frame);
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

type Decision = {
  readonly verdict: ObjectiveOutcome;
  readonly severity: 'target' | 'alert' | null;
  readonly reason: string;
  /** Where it is not what was measured: the least that the share can be. */
  readonly value?: number;
  readonly samples?: number;
  readonly bucket?: readonly [number, null];
  /** The client's clock missed what the service's did not. */
  readonly byClient?: true;
};

const met = (reason: string): Decision => ({ verdict: 'met', severity: null, reason });
const undecided = (reason: string): Decision => ({ verdict: 'undecided', severity: null, reason });
const missed = (reason: string, isAlert: boolean): Decision => ({
  verdict: 'missed',
  severity: isAlert ? 'alert' : 'target',
  reason,
});

/** Preconditions without which counts mean nothing; a census of scrapes rests on its edges alone, which it checks itself. */
const COUNTS_REST_ON = [
  'clocks-agree',
  'service-not-restarted',
  'load-delivered',
  'generator-on-time',
  'answers-right',
  'client-and-server-agree',
  'nothing-died',
];
/** Of these, the ones under which requests are missing, and those that were seen still count. */
const ONLY_CUT_SHORT = ['load-delivered', 'nothing-died'];

/** What the client's own clock rests on: it needs no scrape. */
const CLIENT_RESTS_ON = ['load-delivered', 'generator-on-time', 'answers-right', 'nothing-died'];

interface Grounds {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly preconditions: readonly Precondition[];
}

function decide(
  objective: PlannedObjective,
  measured: Measured,
  view: ClientView | null,
  grounds: Grounds,
): Decision {
  const broken = brokenAmong(COUNTS_REST_ON, grounds);
  switch (measured.kind) {
    case 'nothing':
      return withClient(
        lostBeyondDoubt(objective, grounds.run) ?? undecided(measured.reason),
        objective,
        view,
        grounds,
      );
    case 'census':
      return decideCensus(objective, measured);
    case 'share':
      return withClient(decideShare(objective, measured, broken, grounds), objective, view, grounds);
    case 'number':
      return decideNumber(objective, measured, broken);
    default:
      return measured satisfies never;
  }
}

const brokenAmong = (ids: readonly string[], { preconditions }: Grounds) =>
  preconditions.filter(({ id, ok }) => ok === false && ids.includes(id));

/** The worse of server and client decides. */
function withClient(
  server: Decision,
  objective: PlannedObjective,
  view: ClientView | null,
  grounds: Grounds,
): Decision {
  if (view === null) return server;
  const counted = { ...view, samples: view.measured.samples };
  const client = decideShare(objective, counted, brokenAmong(CLIENT_RESTS_ON, grounds), grounds);
  const reason = `${server.reason}; ${view.words}`;
  if (client.verdict === 'missed' && server.verdict !== 'missed') {
    return { ...client, reason, ...valueAtClient(view), byClient: true };
  }
  if (server.verdict === 'met' && client.verdict === 'undecided')
    return { ...client, reason: `${reason}: ${client.reason}` };
  const severity = [server, client].some((one) => one.severity === 'alert') ? 'alert' : server.severity;
  return { ...server, severity, reason };
}

/** The exact percentile; one that lies among requests without an answer is over the slowest that had one. */
const valueAtClient = ({ measured: { value, samples }, slowestSeconds }: ClientView): Partial<Decision> =>
  value === null ? { samples, value: slowestSeconds, bucket: [slowestSeconds, null] } : { samples, value };

interface Count {
  readonly samples: number;
  readonly bad: number;
  readonly badBeyondAlert: number;
  readonly words: string;
}

function decideShare(
  objective: PlannedObjective,
  counted: Count,
  broken: readonly Precondition[],
  { plan, run }: Grounds,
): Decision {
  const { samples, bad, badBeyondAlert, words } = counted;
  const beyond = (all: number) => missesBy(objective, bad, badBeyondAlert, all);
  const tooFew = samples < objective.leastSamples;
  if (broken.length === 0 && !tooFew) {
    const miss = beyond(samples);
    return miss === null ? met(words) : missed(words, miss === 'alert');
  }
  const reason =
    broken[0]?.detail ?? `${samples} requests are too few: ${objective.leastSamples} could decide`;
  if (broken.every(({ id }) => ONLY_CUT_SHORT.includes(id))) {
    // Even if every request that is still missing were good, so many are bad already that the limit is broken.
    const planned = broken.length === 0 ? 0 : mostPlanned(plan, run);
    const miss = beyond(Math.max(samples, objective.leastSamples, planned));
    if (miss !== null) return missed(`${words}; beyond doubt, though ${reason}`, miss === 'alert');
  }
  return lostBeyondDoubt(objective, run) ?? undecided(`${reason} (seen so far: ${words})`);
}

const mostPlanned = (plan: Plan, run: RunRecord) =>
  Math.max(plan.load?.plannedRequests ?? 0, run.load?.plannedRequests ?? 0);

/** What so many bad ones among `all` break: nothing, the target, or the alert threshold too. */
function missesBy(
  { measure: planned, target, alert }: PlannedObjective,
  bad: number,
  badBeyondAlert: number,
  all: number,
) {
  if (isWithin(planned, target, bad, all)) return null;
  if (alert === null) return 'target';
  return isBeyondAlert(planned, alert, badBeyondAlert, all) ? 'alert' : 'target';
}

/** An alert `> 300ms` fires when the limit of 300 ms is not kept; an alert `> 5%` when the rate is over 5 %. */
const isBeyondAlert = (planned: PlannedMeasure, alert: Limit, bad: number, all: number) =>
  planned.kind === 'latency' ? !isWithin(planned, alert, bad, all) : isWithin(planned, alert, bad, all);

/** Requests that the client lost need no server to be counted: enough of them break an error rate by themselves. */
function lostBeyondDoubt(objective: PlannedObjective, run: RunRecord): Decision | null {
  const { measure: planned, leastSamples } = objective;
  if (planned.kind !== 'ratio' || planned.lost !== 'bad' || run.load === null) return null;
  const { lost, sent, plannedRequests } = run.load;
  const all = Math.max(sent, plannedRequests, leastSamples);
  const miss = missesBy(objective, lost, lost, all);
  if (miss === null) return null;
  const words = `${lost} of ${sent} requests were sent and never answered: of the ${all} that could decide, that alone is ${formatValue(lost / all, 'ratio')}`;
  return { ...missed(words, miss === 'alert'), value: lost / all, samples: sent };
}

function decideNumber(
  { target, alert, leastSamples }: PlannedObjective,
  { samples, value, words }: Measured & { kind: 'number' },
  broken: readonly Precondition[],
): Decision {
  if (!Number.isFinite(value)) return undecided(`the value is ${value}: ${words}`);
  if (broken.length > 0) return undecided(`${broken[0]!.detail} (seen so far: ${words})`);
  if (samples < leastSamples)
    return undecided(`${samples} observations are too few: ${leastSamples} are needed`);
  if (holds(value, target)) return met(words);
  return missed(words, alert !== null && holds(value, alert));
}

/** What is unknown counts once as up and once as down: only where both say the same is there a verdict. */
function decideCensus(
  { target, alert, leastSamples }: PlannedObjective,
  { samples, up, unknown, words }: Measured & { kind: 'census' },
): Decision {
  if (samples < leastSamples) return undecided(`${samples} scrapes are too few: ${leastSamples} are needed`);
  const keeps = (limit: Limit, upCount: number) =>
    holds(compareShare(upCount, samples, limit.value), { ...limit, value: 0 });
  const [worst, best] = [keeps(target, up), keeps(target, up + unknown)];
  if (worst !== best) return undecided(words);
  if (worst) return met(words);
  return missed(words, alert !== null && keeps(alert, up + unknown));
}

// ---------------------------------------------------------------------------------------------- telling

/** A miss that only the client saw says where the time went. */
function explained(
  decision: Decision,
  measured: Measured,
  view: ClientView | null,
  plan: Plan,
  frame: Frame,
): Decision {
  const atClient = view?.measured.value ?? null;
  if (decision.byClient === undefined || view === null || atClient === null || measured.kind !== 'share')
    return decision;
  const lag = plan.lag === null ? null : highestGauge(plan.lag, frame);
  return {
    ...decision,
    reason: `${decision.reason}, ${explainGap(atClient, measured.value, view.blockedSeconds, lag)}`,
  };
}

function told(
  objective: PlannedObjective,
  decision: Decision,
  measured: Measured,
  view: ClientView | null,
  frame: Frame,
): ObjectiveVerdict {
  const { verdict, severity, reason } = decision;
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
