/** The number of replicas that a target rate needs, if each replica handles the rate that was measured for one. */

export interface ReplicaQuestion {
  readonly targetPerSecond: number;
  /** The part of each replica's proven rate that must stay free, from 0 to less than 1. */
  readonly headroom: number;
  /** Replicas behind the measured rates. */
  readonly measuredReplicas: number;
  readonly provenPerSecond: number;
  readonly refutedPerSecond: number | null;
}

export interface ReplicaAnswer {
  /** The number of replicas that is enough even if one is lost. */
  readonly replicas: number;
  /** The number of replicas without a spare one. */
  readonly atLeastRunning: number;
  /**
   * The bounds of the true number: `low` follows from the refuted rate, `high` from the proven rate. `low` is null if no rate was refuted.
   */
  readonly range: { readonly low: number | null; readonly high: number };
  /** Requests per second that a replica may receive. */
  readonly perReplicaPerSecond: number;
}

export function replicasFor(question: ReplicaQuestion): ReplicaAnswer {
  const { measuredReplicas, provenPerSecond, refutedPerSecond } = question;
  const atLeastRunning = runningFor(question, provenPerSecond / measuredReplicas);
  const high = atLeastRunning + SPARE;
  const low =
    refutedPerSecond === null ? null : runningFor(question, refutedPerSecond / measuredReplicas) + SPARE;
  const perReplicaPerSecond = ((1 - question.headroom) * provenPerSecond) / measuredReplicas;
  return { replicas: high, atLeastRunning, range: { low, high }, perReplicaPerSecond };
}

/** The number of replicas that may be lost. */
const SPARE = 1;

const runningFor = ({ targetPerSecond, headroom }: ReplicaQuestion, carriesPerSecond: number) =>
  Math.max(1, Math.ceil(targetPerSecond / ((1 - headroom) * carriesPerSecond) - 1e-9));
