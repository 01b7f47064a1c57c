import { existsSync } from 'node:fs';
import { lstat, readdir, readlink, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Plan, Verdict } from '../../slas/model/model.ts';
import { userPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { FILES } from './bundle.ts';
import { MANIFEST } from './seal.ts';
import { readPlainJson, Unreadable } from './stored-files.ts';

/** A run folder is recognised by its plan and by a name in the harness's format. Nothing else is ever deleted. */
const STARTED = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z-/;
const RUN_NAME = new RegExp(`${STARTED.source}.+-[0-9a-f]{4}$`);
const PRUNED = '.pruned-';
/** The longest run takes a day. A younger folder without a manifest may therefore be in use. */
export const MAX_RUN_MS = 25 * 3600 * 1000;

export interface ListedRun {
  readonly id: string;
  readonly scenario: string | null;
  /** null: there is no verdict, or not yet. */
  readonly verdict: Verdict['verdict'] | null;
  /** The start of the run, in RFC 3339. */
  readonly startedAt: string;
  /** The document's first latency objective that covers the whole run. */
  readonly latency: ListedLatency | null;
  /** The number of samples of that objective; without one, the maximum over all objectives. */
  readonly samples: number | null;
  /** Set if this version of the harness cannot parse the plan. */
  readonly unreadable?: true;
  /** Whether the run finished and its folder was sealed. ./sla verify reports whether the folder is unaltered. */
  readonly sealed: boolean;
}

export interface ListedLatency {
  readonly percentile: number;
  /** The latency, interpolated as in the verdict; null: not judged, or undecided. */
  readonly seconds: number | null;
  readonly limitSeconds: number | null;
}

/** Such as `p95 12.3 ms`, or `–` if there is no latency objective or no value. */
export const latencyInWords = (latency: ListedLatency | null): string =>
  latency === null || latency.seconds === null
    ? '–'
    : `p${latency.percentile} ${(latency.seconds * 1000).toFixed(1)} ms`;

/** The run folder for a path or for the name of a run under runs/. Default: the latest run. */
export function runPath(run: string | undefined, io: Io): string {
  if (run === undefined) return join(io.project, 'runs', 'latest');
  const theirs = userPath(io, run);
  return existsSync(theirs) ? theirs : join(io.project, 'runs', run);
}

/** When the folder of a run or a search was created, in RFC 3339, by its name; null: it is not such a folder. */
export function startOf(name: string): string | null {
  const [, day, hours, minutes, seconds] = STARTED.exec(name) ?? [];
  return day === undefined ? null : `${day}T${hours}:${minutes}:${seconds}Z`;
}

/** The names of the run folders in a folder, newest first. */
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

/** Describes as much of a run as can be read, because a broken run must not hide the others. */
export async function describeRun(parent: string, id: string): Promise<ListedRun> {
  const [plan, verdict, sealed] = await Promise.all([
    readIfObjectives<Plan>(join(parent, id, FILES.plan)),
    readIfObjectives<Verdict>(join(parent, id, FILES.verdict)),
    isFile(join(parent, id, MANIFEST)),
  ]);
  // Only objectives that cover the whole run count. A run judged in phases has another one for each phase.
  const first = plan?.objectives.find((one) => one?.phase === undefined && one?.measure?.kind === 'latency');
  const judged = verdict?.objectives.find((objective) => objective?.id === first?.id);
  const samples = [judged?.samples, ...(verdict?.objectives ?? []).map((one) => one?.samples)].filter(
    isNumber,
  );
  return {
    id,
    scenario: typeof plan?.sla?.scenario === 'string' ? plan.sla.scenario : null,
    verdict: OUTCOMES.find((outcome) => outcome === verdict?.verdict) ?? null,
    startedAt: startOf(id)!,
    latency:
      first?.measure.kind === 'latency'
        ? {
            percentile: first.measure.percentile,
            seconds: isNumber(judged?.value) ? judged.value : null,
            limitSeconds: first.target?.value ?? null,
          }
        : null,
    samples: isNumber(judged?.samples) ? judged.samples : samples.length === 0 ? null : Math.max(...samples),
    sealed,
    ...(plan === null ? { unreadable: true as const } : {}),
  };
}

const OUTCOMES = ['pass', 'fail', 'inconclusive'] as const;
const isNumber = (value: unknown): value is number => typeof value === 'number';

/** The objectives, which plans and verdicts of all versions contain; null if the file is neither. */
async function readIfObjectives<T extends Plan | Verdict>(path: string): Promise<T | null> {
  try {
    const data = (await readPlainJson(path)) as T | null;
    return Array.isArray(data?.objectives) ? data : null;
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

/**
 * The runs that may be deleted, beyond the newest `keep`. Some runs are always kept: the run that `latest` points to, runs
 * that may be in progress, and the newest passed run of each scenario, which is the next run's baseline.
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
  Date.now() - Date.parse(startOf(id)!) > MAX_RUN_MS || (await isFile(join(parent, id, MANIFEST)));

/**
 * Deletes run folders. Each folder is first renamed atomically, so that no partially deleted run is visible. Symbolic links
 * are not followed.
 */
export async function deleteRuns(parent: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) await rename(join(parent, id), join(parent, `${PRUNED}${id}`));
  // Includes folders that an interrupted deletion left over.
  const entries = await readdir(parent, { withFileTypes: true });
  const pruned = entries.filter(
    (entry) =>
      entry.isDirectory() && entry.name.startsWith(PRUNED) && RUN_NAME.test(entry.name.slice(PRUNED.length)),
  );
  for (const { name } of pruned) await rm(join(parent, name), { recursive: true, force: true });
}
