import { join } from 'node:path';
import type { Plan, Verdict } from '../../slas/model/model.ts';
import { effectsOf, isSameLoad } from '../../slas/plan/decision-times.ts';
import { type EarlierNumber, numbersOf } from '../../slas/plan/number-times.ts';
import { findRuns } from './run-folders.ts';
import { readStoredOrNull } from './stored-files.ts';

/** The maximum number of runs that are searched, starting with the newest. */
const MAX_SEARCHED = 50;

export interface EarlierEffects {
  /** The id of the earlier run; null: no earlier run of this plan has confidence bounds. */
  readonly run: string | null;
  readonly effects: ReadonlyMap<string, number>;
  readonly numbers: ReadonlyMap<string, EarlierNumber>;
}

export const NO_EARLIER_RUN: EarlierEffects = { run: null, effects: new Map(), numbers: new Map() };

/**
 * The design effects of the newest run in the folder that has the same objectives and the same kind of load. They do not
 * affect a verdict.
 */
export async function earlierEffects(parent: string, plan: Plan): Promise<EarlierEffects> {
  for (const id of (await findRuns(parent)).slice(0, MAX_SEARCHED)) {
    const folder = join(parent, id);
    const stored = await readStoredOrNull<Plan>('plan', folder);
    if (stored === null || !isSameLoad(stored, plan)) continue;
    const verdict = await readStoredOrNull<Verdict>('verdict', folder);
    const effects = verdict === null ? new Map<string, number>() : effectsOf(verdict, stored);
    if (effects.size > 0) return { run: id, effects, numbers: numbersOf(verdict!) };
  }
  return NO_EARLIER_RUN;
}
