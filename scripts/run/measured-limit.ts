import { join } from 'node:path';
import type { MeasuredLimit } from '../../dashboards/capacity-panels.ts';
import { heldUpTo } from '../../slas/capacity/held.ts';
import type { Plan, SlaDocument, Verdict } from '../../slas/model/model.ts';
import { findRuns } from '../runs/run-folders.ts';
import { readStoredOrNull } from '../runs/stored-files.ts';

/** The newest stored run of this SLA with a stepped load, if a step met the SLA; null if there is none. */
export async function measuredLimit(parent: string, { name }: SlaDocument): Promise<MeasuredLimit | null> {
  for (const run of await findRuns(parent)) {
    const [plan, verdict] = await Promise.all([
      readStoredOrNull<Plan>('plan', join(parent, run)),
      readStoredOrNull<Verdict>('verdict', join(parent, run)),
    ]);
    if (plan?.sla.name !== name || verdict === null) continue;
    const held = heldUpTo(plan, verdict);
    if (held !== null) return held.upTo === null ? null : { run, ratePerSecond: held.upTo.ratePerSecond };
  }
  return null;
}
