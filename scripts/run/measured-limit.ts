import { join } from 'node:path';
import type { MeasuredLimit } from '../../dashboards/capacity-panels.ts';
import { basisOf } from '../../slas/capacity/basis.ts';
import { heldUpTo } from '../../slas/capacity/held.ts';
import { answerOf } from '../../slas/capacity/search.ts';
import type { Plan, SlaDocument, Verdict } from '../../slas/model/model.ts';
import { readRecord, searchesIn } from '../capacity/storage.ts';
import { findRuns } from '../runs/run-folders.ts';
import { readStoredOrNull } from '../runs/stored-files.ts';

/**
 * The rate that a search (`./sla capacity`) proved. If there is no search, the highest step that met this SLA in its newest
 * stored run with a stepped load. Resolves to null if there is neither.
 */
export async function measuredLimit(parent: string, document: SlaDocument): Promise<MeasuredLimit | null> {
  return (await provenIn(parent, document)) ?? (await steppedIn(parent, document));
}

/** The result of the newest search that found a rate. */
async function provenIn(parent: string, { name }: SlaDocument): Promise<MeasuredLimit | null> {
  for (const folder of (await searchesIn(parent)).toSorted().toReversed()) {
    const record = await readRecord(join(parent, folder));
    if (!record.ok || record.value.sla !== name) continue;
    const answer = answerOf(record.value.settings, record.value.steps);
    if (answer?.ok !== true) continue;
    const exempt = basisOf(record.value.steps, answer)?.exempt.map(({ id }) => id);
    const proven = { run: folder, ratePerSecond: answer.provenPerSecond, isProven: true } as const;
    return { ...proven, ...(exempt === undefined ? {} : { exempt }) };
  }
  return null;
}

async function steppedIn(parent: string, { name }: SlaDocument): Promise<MeasuredLimit | null> {
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
