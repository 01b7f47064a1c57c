import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MeasuredLimit } from '../dashboards/capacity-panels.ts';
import { heldUpTo } from '../slas/held.ts';
import type { Plan, SlaDocument, Verdict } from '../slas/model.ts';
import { FILES } from './bundle.ts';
import { findRuns } from './run-folders.ts';

/** The newest stored run of this SLA whose load rose in steps, if it held one of them; null where there is none. */
export async function measuredLimit(parent: string, { name }: SlaDocument): Promise<MeasuredLimit | null> {
  for (const run of await findRuns(parent)) {
    const [plan, verdict] = await Promise.all([
      read<Plan>(join(parent, run, FILES.plan)),
      read<Verdict>(join(parent, run, FILES.verdict)),
    ]);
    if (plan?.sla.name !== name || verdict === null) continue;
    const held = heldUpTo(plan, verdict);
    if (held !== null) return held.upTo === null ? null : { run, ratePerSecond: held.upTo.ratePerSecond };
  }
  return null;
}

async function read<T>(file: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return null;
  }
}
