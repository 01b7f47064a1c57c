import {
  type Certainty,
  certaintyOf,
  certaintyOfCount,
  latencyEffectOf,
  type Surroundings,
} from './certainty.ts';
import type { ClientView } from './client.ts';
import { confidenceOf, decide, decideAtClient, type Grounds } from './decide.ts';
import { largestOf } from './design-effect.ts';
import type { Measured } from './measure.ts';
import type { PlannedObjective } from './model.ts';
import { type Decision, type Observed, rule } from './ruling.ts';

/** The two sides of an objective, the service's clock and the client's: each with its decision and how sure that is. */

/** What there is to judge of one objective. */
export interface Seen {
  readonly objective: PlannedObjective;
  readonly measured: Measured;
  readonly view: ClientView | null;
}

/** What the service's clock decides and, where it was asked, what the client's does. */
export interface Sides {
  readonly server: Observed;
  readonly client: Observed | null;
}

/** Both sides of every objective, decided by what was observed or, where the plan asks for a confidence, by that. */
export function sidesOf(seen: readonly Seen[], grounds: Grounds): readonly Sides[] {
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
export function worseOf({ server, client }: Sides, view: ClientView | null): Decided {
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

export interface Decided {
  readonly decision: Decision;
  readonly certainty: Certainty | null;
  readonly nearLimit: boolean;
}

/** The exact percentile; one that lies among requests without an answer is over the slowest that had one. */
const valueAtClient = ({ measured: { value, samples }, slowestSeconds }: ClientView): Partial<Decision> =>
  value === null ? { samples, value: slowestSeconds, bucket: [slowestSeconds, null] } : { samples, value };
