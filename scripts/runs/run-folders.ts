import { existsSync } from 'node:fs';
import { lstat, readdir, readlink, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Plan, Verdict } from '../../slas/model/model.ts';
import { userPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { FILES } from './bundle.ts';
import { MANIFEST } from './seal.ts';
import { readPlainJson, Unreadable } from './stored-files.ts';

/** Folders are told by the name that the harness gave them and by the plan in them; nothing else is ever touched. */
const RUN_NAME = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z-.+-[0-9a-f]{4}$/;
const PRUNED = '.pruned-';
/** The longest run takes a day: a folder as young as that, without its manifest, may still be written. */
const MAYBE_RUNNING_MS = 25 * 3600 * 1000;

export interface ListedRun {
  readonly id: string;
  readonly scenario: string | null;
  /** null: no verdict was stored (yet). */
  readonly verdict: Verdict['verdict'] | null;
  /** RFC 3339: when it was begun. */
  readonly startedAt: string;
  /** The first p95 of the document that is judged over the whole run, interpolated as in the verdict. */
  readonly p95Seconds: number | null;
  /** The requests that entered it, or the most that entered any objective. */
  readonly samples: number | null;
  /** Its plan cannot be read, by this version of the harness at least. Absent: it can. */
  readonly unreadable?: true;
  /** The run came to its end and its folder is sealed; whether it is unaltered, ./sla verify tells. */
  readonly sealed: boolean;
}

/** A path, or the name of a run under runs/; the latest by default. */
export function runPath(run: string | undefined, io: Io): string {
  if (run === undefined) return join(io.root, 'runs', 'latest');
  const theirs = userPath(io, run);
  return existsSync(theirs) ? theirs : join(io.root, 'runs', run);
}

/** Names of the run folders in a folder, newest first. */
export async function findRuns(parent: string): Promise<readonly string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(emptyIfMissing);
  const named = entries.filter((entry) => entry.isDirectory() && RUN_NAME.test(entry.name));
  const isRun = await Promise.all(named.map(({ name }) => isFile(join(parent, name, FILES.plan))));
  return named
    .filter((_, index) => isRun[index])
    .map(({ name }) => name)
    .sort()
    .reverse();
}

function emptyIfMissing(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

const isFile = async (path: string) => (await lstat(path).catch(() => null))?.isFile() === true;

/** A list of runs shows each as far as it can be read: one that is broken must not hide the others. */
export async function describeRun(parent: string, id: string): Promise<ListedRun> {
  const [plan, verdict, sealed] = await Promise.all([
    readIfObjectives<Plan>(join(parent, id, FILES.plan)),
    readIfObjectives<Verdict>(join(parent, id, FILES.verdict)),
    isFile(join(parent, id, MANIFEST)),
  ]);
  // Of the whole run: one that is judged in phases has several, each of a part.
  const p95 = plan?.objectives.find(
    (one) => one?.phase === undefined && one?.measure?.kind === 'latency' && one.measure.percentile === 95,
  );
  const judged = verdict?.objectives.find((objective) => objective?.id === p95?.id);
  const samples = [judged?.samples, ...(verdict?.objectives ?? []).map((one) => one?.samples)].filter(
    isNumber,
  );
  return {
    id,
    scenario: typeof plan?.sla?.scenario === 'string' ? plan.sla.scenario : null,
    verdict: OUTCOMES.find((outcome) => outcome === verdict?.verdict) ?? null,
    startedAt: startOf(id),
    p95Seconds: isNumber(judged?.value) ? judged.value : null,
    samples: isNumber(judged?.samples) ? judged.samples : samples.length === 0 ? null : Math.max(...samples),
    sealed,
    ...(plan === null ? { unreadable: true as const } : {}),
  };
}

const OUTCOMES = ['pass', 'fail', 'inconclusive'] as const;
const isNumber = (value: unknown): value is number => typeof value === 'number';

/** Plans and verdicts of any version have objectives; null where this is neither. */
async function readIfObjectives<T extends Plan | Verdict>(path: string): Promise<T | null> {
  try {
    const data = (await readPlainJson(path)) as T | null;
    return Array.isArray(data?.objectives) ? data : null;
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

const startOf = (id: string) => id.replace(new RegExp(`${RUN_NAME.source}`), '$1T$2:$3:$4Z');

/**
 * The runs beyond the newest `keep` that may go: never the one that `latest` points at, none that may still be running, and of
 * no scenario the newest that passed, with which the next one is compared.
 */
export async function findPrunable(parent: string, keep: number): Promise<readonly string[]> {
  const latest = basename(await readlink(join(parent, 'latest')).catch(() => ''));
  const all = await findRuns(parent);
  const passed = await newestPasses(parent, all);
  const old = all.slice(keep).filter((id) => id !== latest && !passed.has(id));
  const over = await Promise.all(old.map((id) => isOver(parent, id)));
  return old.filter((_, index) => over[index]);
}

async function newestPasses(parent: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const runs = await Promise.all(ids.map((id) => describeRun(parent, id)));
  const newest = new Map<string | null, string>();
  for (const { id, scenario, verdict, sealed } of runs)
    if (verdict === 'pass' && sealed && !newest.has(scenario)) newest.set(scenario, id);
  return new Set(newest.values());
}

const isOver = async (parent: string, id: string) =>
  Date.now() - Date.parse(startOf(id)) > MAYBE_RUNNING_MS || (await isFile(join(parent, id, MANIFEST)));

/** Deletes run folders. Each first loses its name, in one step: nobody finds half of one. Links are deleted, not followed. */
export async function deleteRuns(parent: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) await rename(join(parent, id), join(parent, `${PRUNED}${id}`));
  // Of an earlier one that was interrupted, too.
  const entries = await readdir(parent, { withFileTypes: true });
  const pruned = entries.filter(
    (entry) =>
      entry.isDirectory() && entry.name.startsWith(PRUNED) && RUN_NAME.test(entry.name.slice(PRUNED.length)),
  );
  for (const { name } of pruned) await rm(join(parent, name), { recursive: true, force: true });
}
