import type { ObjectiveVerdict, Plan, Verdict } from '../model/model.ts';

/**
 * For a stepped load: the highest step up to which everything judged per step was met. This is the result of
 * one run with steps of this length; a capacity needs repetitions.
 */
export interface Held {
  /** The last step before the first step that was not met; null if even the first step was not met. */
  readonly upTo: Step | null;
  /** The first step that was not met; null if all steps were met. */
  readonly broke:
    | (Step & { readonly outcome: 'missed' | 'undecided'; readonly objectives: readonly string[] })
    | null;
}

export interface Step {
  readonly phase: string;
  readonly ratePerSecond: number;
}

/** null if the load does not rise in steps, or if fewer than two of its steps are judged. */
export function heldUpTo({ load }: Plan, { objectives }: Verdict): Held | null {
  const steps = (load?.phases ?? []).flatMap(({ name, ratePerSecond }) => {
    const own = objectives.filter(({ phase, exempt }) => phase === name && exempt === undefined);
    return own.length === 0 ? [] : [{ phase: name, ratePerSecond, own }];
  });
  const rises = steps.every(
    ({ ratePerSecond }, index) => index === 0 || ratePerSecond > steps[index - 1]!.ratePerSecond,
  );
  if (steps.length < 2 || !rises) return null;
  const first = steps.findIndex(({ own }) => own.some(({ verdict }) => verdict !== 'met'));
  const last = steps[first === -1 ? steps.length - 1 : first - 1];
  const broke = steps[first];
  return {
    upTo: last === undefined ? null : stepOf(last),
    broke: broke === undefined ? null : { ...stepOf(broke), ...failing(broke.own) },
  };
}

const stepOf = ({ phase, ratePerSecond }: Step): Step => ({ phase, ratePerSecond });

/** If a step has both missed and undecided objectives, the step counts as missed. */
function failing(own: readonly ObjectiveVerdict[]) {
  const outcome = own.some(({ verdict }) => verdict === 'missed') ? 'missed' : 'undecided';
  const ids = own.filter(({ verdict }) => verdict === outcome).map(({ id }) => id.split(' · ')[0]!);
  return { outcome, objectives: ids } as const;
}
