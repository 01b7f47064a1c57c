import type { Exemption, ObjectiveOutcome, Verdict, Waiver } from '../model/model.ts';
import { provingHold } from './known.ts';
import type { SearchAnswer, StepSeen } from './search-model.ts';

/** Which objectives the answer of a search rests on: those that decided the verdict of the hold that proved the rate. */

/** An objective that was judged in a step, but did not decide its verdict. */
export interface Exempt {
  readonly id: string;
  readonly exempt: Exemption;
  readonly verdict: ObjectiveOutcome;
  /** Set if it is waived. */
  readonly waiver?: Pick<Waiver, 'owner' | 'reason' | 'until'>;
}

/** The part of a step's record that says which objectives decided. Empty if all of them did. */
export interface Decided {
  /** The number of objectives that decided. */
  readonly decisive?: number;
  /** The others. */
  readonly exempt?: readonly Exempt[];
}

export function decidedBy({ objectives }: Verdict): Decided {
  const exempt = objectives.flatMap(({ id, exempt: why, verdict, reasons }): Exempt[] => {
    if (why === undefined) return [];
    const waived = reasons.find(({ code }) => code === 'waived');
    if (waived?.code !== 'waived') return [{ id, exempt: why, verdict }];
    const { owner, why: because, until } = waived.params;
    return [{ id, exempt: why, verdict, waiver: { owner, reason: because, until } }];
  });
  return exempt.length === 0 ? {} : { decisive: objectives.length - exempt.length, exempt };
}

interface Step extends Pick<StepSeen, 'kind' | 'outcome' | 'ratePerSecond'>, Decided {
  readonly missed: readonly string[];
}

export interface Basis {
  readonly decisive: number;
  /** With their outcomes in the hold. Never empty. */
  readonly exempt: readonly Exempt[];
  /**
   * The objectives that were missed at the missed rate, if none of them decided in the hold, because their waivers expired between
   * the two runs.
   */
  readonly expired: readonly string[];
}

/** null if every objective decided, or if no rate is proven. */
export function basisOf(steps: readonly Step[], answer: SearchAnswer | null): Basis | null {
  if (answer === null || !answer.ok) return null;
  const { refutedPerSecond } = answer;
  const hold = provingHold(steps);
  if (hold?.exempt === undefined) return null;
  const { exempt, decisive = 0 } = hold;
  const missed = steps
    .filter(({ outcome, ratePerSecond }) => outcome === 'missed' && ratePerSecond === refutedPerSecond)
    .map((one) => one.missed);
  const isExpired = missed.length > 0 && missed.every((ids) => isOnlyOf(exempt, ids));
  return { decisive, exempt, expired: isExpired ? [...new Set(missed.flat())] : [] };
}

/** A step without missed objectives is missed because the service ended. */
const isOnlyOf = (exempt: readonly Exempt[], ids: readonly string[]) =>
  ids.length > 0 && ids.every((id) => exempt.some((one) => one.id === id));

/** Whether two runs rest on the same objectives. */
export const isSameBasis = (one: Basis | null, other: Basis | null): boolean => keyOf(one) === keyOf(other);

const keyOf = (basis: Basis | null) => JSON.stringify(basis?.exempt.map(({ id }) => id).toSorted() ?? []);
