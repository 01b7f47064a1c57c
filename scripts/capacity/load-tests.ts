import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import type { Period } from '../../slas/capacity/traffic/periods.ts';
import type { Plan, RunRecord, SlaDocument } from '../../slas/model/model.ts';
import { FILES } from '../runs/bundle.ts';
import { MAX_RUN_MS, startOf } from '../runs/run-folders.ts';
import { readOptional } from '../runs/stored-files.ts';
import { CAPACITY_FILES, isSearch } from './storage.ts';

/** Finds the load tests of a service in folders of runs, because a history must not count them as traffic. */

/** The clock of this machine and that of the scraped service may differ, and the service counts the last requests a little later. */
const PAD_SECONDS = 10;
/** The maximum time of the warm-up and of the first scrape after it, for a run whose end was not stored. */
const BEFORE_SECONDS = 260;
/** Files that are read at the same time. */
const PARALLEL = 16;

/**
 * The periods of all runs since `fromSeconds` that loaded this service while other clients could use it. A
 * service that the harness itself started for a run has no other traffic, and is in no long-term store.
 */
export async function loadTestsIn(
  parents: readonly string[],
  { service }: Pick<SlaDocument, 'service'>,
  fromSeconds: number,
): Promise<readonly Period[]> {
  const folders = (await Promise.all([...new Set(parents)].map(runsIn))).flat();
  const recent = folders.filter(({ startedSeconds }) => startedSeconds > fromSeconds - MAX_RUN_MS / 1000);
  const periods = await pMap(recent, (one) => periodOf(one, service.selector), { concurrency: PARALLEL });
  return periods.filter((one) => one !== null).filter(({ toSeconds }) => toSeconds > fromSeconds);
}

interface Folder {
  readonly name: string;
  readonly path: string;
  /** The folder is created before the first request is sent. */
  readonly startedSeconds: number;
}

/** The run folders in a folder, and those of the steps of searches. */
async function runsIn(parent: string): Promise<readonly Folder[]> {
  const names = await readdir(parent).catch(() => []);
  const own = names.flatMap((name): Folder[] => {
    const started = startOf(name);
    return started === null
      ? []
      : [{ name, path: join(parent, name), startedSeconds: Date.parse(started) / 1000 }];
  });
  const searches = own.filter(({ name }) => isSearch(name));
  const steps = await Promise.all(searches.map(({ path }) => runsIn(join(path, CAPACITY_FILES.steps))));
  return [...own, ...steps.flat()];
}

type Selector = Readonly<Record<string, unknown>>;

/** null: it sent nothing, or it loaded a service that the harness started, or another service. */
async function periodOf({ path, startedSeconds }: Folder, selector: Selector): Promise<Period | null> {
  const read = <T>(name: string) => readOptional<T>(name, path).catch(() => null);
  const [plan, environment, document, run] = await Promise.all([
    read<Plan>(FILES.plan),
    read<{ readonly model?: unknown }>(FILES.environment),
    read<SlaDocument>(FILES.document),
    read<RunRecord>(FILES.run),
  ]);
  const load = plan?.load ?? null;
  // The environment is described before the first request. It names the model of a service that the harness started.
  const isOurs = environment === null || (environment.model ?? null) !== null;
  if (load === null || isOurs || isAnother(document?.service?.selector, selector)) return null;
  const ended = run?.window?.toSeconds ?? startedSeconds + BEFORE_SECONDS + longestSeconds(load);
  if (!Number.isFinite(ended)) return null;
  return { fromSeconds: startedSeconds - PAD_SECONDS, toSeconds: ended + PAD_SECONDS };
}

const longestSeconds = ({ k6, scheduledSeconds }: NonNullable<Plan['load']>) =>
  k6?.longestSeconds ?? scheduledSeconds;

/** Whether a label has another value, so that the two selectors have no series in common. */
const isAnother = (theirs: Selector | undefined, ours: Selector) =>
  Object.entries(theirs ?? {}).some(
    ([label, value]) => typeof value === 'string' && typeof ours[label] === 'string' && ours[label] !== value,
  );
