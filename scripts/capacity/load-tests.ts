import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Period } from '../../slas/capacity/traffic/periods.ts';
import type { Plan, RunRecord, SlaDocument } from '../../slas/model/model.ts';
import { FILES } from '../runs/bundle.ts';
import { readOptional } from '../runs/stored-files.ts';
import { CAPACITY_FILES } from './storage.ts';

/** Finds the load tests of a service in folders of runs, because a history must not count them as traffic. */

const TIMED = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z-/;
/** The clock of this machine and that of the scraped service may differ, and the service counts the last requests a little later. */
const PAD_SECONDS = 10;
/** The maximum time of the warm-up and of the first scrape after it, for a run whose end was not stored. */
const BEFORE_SECONDS = 260;
/** The maximum time of a run. Folders that were created earlier before the history cannot reach into it. */
const LONGEST_RUN_SECONDS = 25 * 3600;
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
  const recent = folders.filter(({ startedSeconds }) => startedSeconds > fromSeconds - LONGEST_RUN_SECONDS);
  const periods: Period[] = [];
  for (let at = 0; at < recent.length; at += PARALLEL) {
    const some = recent.slice(at, at + PARALLEL).map((one) => periodOf(one, service.selector));
    periods.push(...(await Promise.all(some)).filter((one) => one !== null));
  }
  return periods.filter(({ toSeconds }) => toSeconds > fromSeconds);
}

interface Folder {
  readonly path: string;
  /** The folder is created before the first request is sent. */
  readonly startedSeconds: number;
}

/** The run folders in a folder, and those of the steps of searches. */
async function runsIn(parent: string): Promise<readonly Folder[]> {
  const names = await readdir(parent).catch(() => []);
  const own = names.flatMap((name): Folder[] => {
    const [, day, hours, minutes, seconds] = TIMED.exec(name) ?? [];
    if (day === undefined) return [];
    return [
      {
        path: join(parent, name),
        startedSeconds: Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`) / 1000,
      },
    ];
  });
  const searches = own.filter(({ path }) => path.includes('-capacity-'));
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
