import type { ClientView } from '../client/client.ts';
import { holds } from '../document/limits.ts';
import { isWithin, type Measured } from '../measures/measure.ts';
import { isByClientAlone, isShareOfEvents } from '../model/kinds.ts';
import type { PlannedObjective, Steadiness } from '../model/model.ts';
import type { Reason } from '../model/reasons.ts';
import type { Result } from '../model/result.ts';
import { isOneHold } from '../plan/k6-rate.ts';
import { type Block, largestOf } from '../statistics/design-effect.ts';
import { budgetFor } from '../statistics/rule-in-force.ts';
import { steadinessOf } from '../statistics/trend.ts';
import type { Scope } from '../window/phases.ts';
import {
  type Certainty,
  certaintyOf,
  certaintyOfCount,
  latencyEffectOf,
  type Surroundings,
} from './certainty.ts';
import { decide, decideAtClient } from './decide.ts';
import { confidenceOf, type Grounds } from './decide-share.ts';
import { type Decision, type Observed, rule } from './ruling.ts';

/** The service side and the client side of an objective, each with its decision and certainty. */

/** Everything needed to judge one objective. */
export interface Seen {
  readonly objective: PlannedObjective;
  readonly measured: Measured;
  readonly view: ClientView | null;
  /** The part of the run in which the objective was judged, or why that part is unknown. */
  readonly scope: Result<Scope, Reason>;
}

/** The service-side decision and, if requested, the client-side one. */
export interface Sides {
  readonly server: Observed;
  readonly client: Observed | null;
}

/**
 * Both sides of every objective, decided by the observed value or, if the plan asks for a confidence, by the
 * interval.
 */
export function sidesOf(seen: readonly Seen[], grounds: Grounds): readonly Sides[] {
  const servers = seen.map((one): Observed => {
    const { objective, measured, scope } = one;
    const own = narrowed(grounds, scope);
    return {
      objective,
      decision: decide(objective, measured, own),
      certainty: certaintyOf(objective, measured, surroundingsOf(seen, one, measured, own)),
      steadiness: 'blocks' in measured ? steadinessIn(one, measured.blocks, grounds) : null,
      isClient: false,
    };
  });
  const clients = seen.map((one) => (one.view === null ? null : clientSide(one, one.view, seen, grounds)));
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

function clientSide(one: Seen, view: ClientView, seen: readonly Seen[], grounds: Grounds): Observed {
  const { objective, scope } = one;
  const own = narrowed(grounds, scope);
  const counted = { ...view, samples: view.measured.samples };
  return {
    objective,
    decision: decideAtClient(objective, counted, own),
    certainty: certaintyOfCount(objective, counted, surroundingsOf(seen, one, counted, own)),
    steadiness: steadinessIn(one, view.blocks, grounds),
    isClient: !isByClientAlone(objective.measure),
  };
}

/**
 * An objective that is judged in a phase depends on that phase's plan and load. If they are unknown, it is
 * judged without a load.
 */
function narrowed(grounds: Grounds, scope: Seen['scope']): Grounds {
  if (!scope.ok) return { ...grounds, run: { ...grounds.run, load: null } };
  return { ...grounds, plan: scope.value.plan, run: scope.value.run };
}

/** null unless the load was a single constant hold, because values may change when the load does. */
function steadinessIn(
  { objective, scope }: Seen,
  blocks: readonly Block[],
  { plan }: Grounds,
): Steadiness | null {
  const phases = plan.load?.phases ?? [];
  if (!scope.ok) return null;
  const { phase } = scope.value;
  if (phase === null && phases.length !== 1 && !isOneHold(plan.load)) return null;
  const { measure, target } = objective;
  const isShare = isShareOfEvents(measure);
  const before = phases[phases.findIndex(({ name }) => name === phase?.name) - 1];
  return steadinessOf(blocks, {
    // Blocks of shares count the bad events.
    worse: isShare || target.comparison.startsWith('<') ? 'more' : 'less',
    isBeyond: ({ part, total }) =>
      isShare
        ? !isWithin(measure, target, Math.round(part), Math.round(total))
        : !holds(part / total, target),
    mayImprove: before !== undefined && before.ratePerSecond > phase!.ratePerSecond,
  });
}

/**
 * Slow responses show dependence between requests where a few failed requests cannot, so the error rate
 * also uses their design effect.
 */
function surroundingsOf(
  all: readonly Seen[],
  one: Seen,
  own: Measured | { readonly samples: number },
  { plan, run }: Grounds,
): Surroundings {
  const samePhase = all.filter(({ objective }) => objective.phase === one.objective.phase);
  const hasLatency = samePhase.some(({ objective }) => objective.measure.kind === 'latency');
  const seen = hasLatency ? samePhase : all;
  const { fromSeconds, toSeconds } = run.window;
  const samples = 'samples' in own ? own.samples : 0;
  const latencies = seen.flatMap(({ objective, measured }) =>
    objective.measure.kind === 'latency' && measured.kind === 'share'
      ? [latencyEffectOf(measured, budgetFor(objective))]
      : [],
  );
  const clients = seen.flatMap(({ objective, view }) =>
    view === null ? [] : [latencyEffectOf(view, budgetFor(objective))],
  );
  return {
    confidence: confidenceOf(plan),
    latencyEffect: largestOf(latencies),
    clientEffect: largestOf(clients),
    ratePerSecond:
      plan.load === null || plan.load.k6 !== undefined
        ? samples / (toSeconds - fromSeconds)
        : plan.load.plannedRequests / plan.load.scheduledSeconds,
  };
}

/** The worse of the two sides decides, and the verdict shows that side's certainty. */
export function worseOf({ server, client }: Sides, view: ClientView | null): Decided {
  if (client === null || view === null) return { ...server, nearLimit: isNear(server) };
  if (isByClientAlone(server.objective.measure)) return alone(server, client, view);
  const steadiness = worstOf([server.steadiness, client.steadiness]);
  const isTold = client.decision.isWhole || client.decision.verdict === 'missed';
  const reasons = [...server.decision.reasons, ...(isTold ? client.decision.reasons : view.reasons)];
  const isLeftToClient = server.decision.isOfOthers ?? server.decision.isBetween ?? false;
  const byClient = isLeftToClient && client.decision.verdict === 'met';
  if (byClient || (client.decision.verdict === 'missed' && server.decision.verdict !== 'missed')) {
    const decision: Decision = { ...client.decision, reasons, ...valueAtClient(view), byClient: true };
    return { decision, certainty: client.certainty, steadiness, nearLimit: isNear(client) };
  }
  if (server.decision.verdict === 'met' && client.decision.verdict === 'undecided') {
    const why = client.decision.isWhole ? reasons : [...reasons, ...client.decision.reasons];
    const decision = { ...client.decision, reasons: why };
    return { decision, certainty: client.certainty, steadiness, nearLimit: isNear(client) };
  }
  const isAlert = [server, client].some(({ decision }) => decision.severity === 'alert');
  const severity = isAlert ? 'alert' : server.decision.severity;
  const near = server.decision.verdict === 'met' ? [server, client] : [server];
  return {
    decision: { ...server.decision, severity, reasons },
    certainty: server.certainty,
    steadiness,
    nearLimit: near.some(isNear),
  };
}

/** The client's side is the only one. */
function alone(server: Observed, client: Observed, view: ClientView): Decided {
  const { decision, certainty, steadiness } = client;
  const reasons = [...decision.reasons, ...server.decision.reasons];
  return {
    decision: { ...decision, reasons, ...valueAtClient(view), byClient: true },
    certainty,
    steadiness,
    nearLimit: isNear(client),
  };
}

const isNear = ({ decision, certainty }: Observed) =>
  decision.isWhole === true && certainty?.side === 'both' && !certainty.isFar;

export interface Decided {
  readonly decision: Decision;
  readonly certainty: Certainty | null;
  readonly steadiness: Steadiness | null;
  readonly nearLimit: boolean;
}

const WORST_FIRST = ['growing', 'not-steady', 'steady'] as const;

const worstOf = (all: readonly (Steadiness | null)[]) =>
  WORST_FIRST.find((steadiness) => all.includes(steadiness)) ?? null;

/** The exact percentile; if it falls among unanswered requests, it is above the slowest response. */
const valueAtClient = ({ measured: { value, samples }, slowestSeconds }: ClientView): Partial<Decision> =>
  value === null ? { samples, value: slowestSeconds, bucket: [slowestSeconds, null] } : { samples, value };
