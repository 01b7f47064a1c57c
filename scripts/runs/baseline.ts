import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Baseline } from '../../slas/compare/compare.ts';
import { percentilesOf } from '../../slas/compare/percentiles.ts';
import type { Evidence, Plan, RunRecord, Verdict } from '../../slas/model/model.ts';
import { NO_FAULTS } from '../run/environment.ts';
import { FILES } from './bundle.ts';
import { findRuns } from './run-folders.ts';
import { findAlterations, MANIFEST } from './seal.ts';
import { readBesideOrNull, readPlainFile, readStoredOrNull } from './stored-files.ts';

/**
 * What a run is compared with: the newest earlier one beside it that passed, of the same plan (the same promises under the
 * same load), without faults on purpose, and as it was sealed. null: there is none.
 */
export async function findBaseline(folder: string): Promise<Baseline | null> {
  const [parent, own] = [dirname(folder), basename(folder)];
  const plan = await readStoredOrNull<Plan>('plan', folder);
  if (plan === null) return null;
  const environment = await readBesideOrNull<Environment>(FILES.environment, folder);
  for (const id of (await findRuns(parent)).filter((one) => one < own)) {
    // One that is broken is no reason not to run.
    const found = await baselineIn(join(parent, id), plan, environment).catch(() => null);
    if (found !== null) return found;
  }
  return null;
}

interface Environment {
  /** null: not known. Absent: of a run that was stored before faults were. */
  readonly faults?: string | null;
}

async function baselineIn(path: string, plan: Plan, ours: Environment | null): Promise<Baseline | null> {
  const verdict = await readStoredOrNull<Verdict>('verdict', path);
  if (verdict?.verdict !== 'pass') return null;
  const [theirs, environment] = await Promise.all([
    readStoredOrNull<Plan>('plan', path),
    readBesideOrNull<Environment>(FILES.environment, path),
  ]);
  if (theirs === null || comparable(theirs) !== comparable(plan) || !isUnspoilt(environment, ours))
    return null;
  const [run, evidence, manifest] = await Promise.all([
    readStoredOrNull<RunRecord>('run', path),
    readStoredOrNull<Evidence>('evidence', path),
    readPlainFile(join(path, MANIFEST)).catch(() => null),
  ]);
  if (run === null || evidence === null || manifest === null || (await findAlterations(path)).length > 0)
    return null;
  return {
    schema: 'sla-harness/baseline/v1',
    manifestSha256: createHash('sha256').update(manifest).digest('hex'),
    verdict,
    percentiles: percentilesOf(theirs, run, evidence),
    environment,
  };
}

/** How early a hopeless load is given up makes no difference to one that passed. */
const comparable = ({ load, ...rest }: Plan) =>
  JSON.stringify({ ...rest, load: load === null ? null : { ...load, budgets: [] } });

/** Of a service that was there already nobody knows its faults: it is compared with its like. */
const isUnspoilt = (theirs: Environment | null, ours: Environment | null) =>
  theirs?.faults === NO_FAULTS || (theirs?.faults === null && ours?.faults === null);
