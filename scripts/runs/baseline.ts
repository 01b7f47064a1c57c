import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { Baseline } from '../../slas/compare/compare.ts';
import { percentilesOf } from '../../slas/compare/percentiles.ts';
import type { Evidence, Plan, Verdict } from '../../slas/model/model.ts';
import { NO_FAULTS } from '../run/environment.ts';
import { FILES } from './bundle.ts';
import { findRuns } from './run-folders.ts';
import { readRunRecord } from './run-record.ts';
import { findAlterations, MANIFEST } from './seal.ts';
import { readOptional, readPlainFile, readStoredOrNull } from './stored-files.ts';

/**
 * The baseline of a run: the newest earlier run in the same folder that passed with the same plan (the same objectives and
 * load). It must have no injected faults and must be unaltered. Resolves to null if there is none.
 */
export async function findBaseline(folder: string): Promise<Baseline | null> {
  const [parent, own] = [dirname(folder), basename(folder)];
  const plan = await readStoredOrNull<Plan>('plan', folder);
  if (plan === null) return null;
  const environment = await readOptional<Environment>(FILES.environment, folder);
  for (const id of (await findRuns(parent)).filter((one) => one < own)) {
    // If an earlier run cannot be read, this run must still work.
    const found = await baselineIn(join(parent, id), plan, environment).catch(() => null);
    if (found !== null) return found;
  }
  return null;
}

interface Environment {
  /** null: the faults are unknown; absent: this field did not exist when the run was stored. */
  readonly faults?: string | null;
}

async function baselineIn(path: string, plan: Plan, ours: Environment | null): Promise<Baseline | null> {
  const verdict = await readStoredOrNull<Verdict>('verdict', path);
  if (verdict?.verdict !== 'pass') return null;
  const [theirs, environment] = await Promise.all([
    readStoredOrNull<Plan>('plan', path),
    readOptional<Environment>(FILES.environment, path),
  ]);
  if (theirs === null || comparable(theirs) !== comparable(plan) || !isUnaltered(environment, ours))
    return null;
  const [run, evidence, manifest] = await Promise.all([
    readRunRecord(path),
    readStoredOrNull<Evidence>('evidence', path),
    readPlainFile(join(path, MANIFEST)).catch(() => null),
  ]);
  if (!run.ok || evidence === null || manifest === null || (await findAlterations(path)).length > 0)
    return null;
  return {
    schema: 'sla-harness/baseline/v1',
    manifestSha256: createHash('sha256').update(manifest).digest('hex'),
    verdict,
    percentiles: percentilesOf(theirs, run.value, evidence),
    environment,
  };
}

/** Error budgets are ignored: they only stop failing runs early, and the baseline passed. */
const comparable = ({ load, ...rest }: Plan) =>
  JSON.stringify({ ...rest, load: load === null ? null : { ...load, budgets: [] } });

/** The faults of an external service are unknown, so its runs are compared only with each other. */
const isUnaltered = (theirs: Environment | null, ours: Environment | null) =>
  theirs?.faults === NO_FAULTS || (theirs?.faults === null && ours?.faults === null);
