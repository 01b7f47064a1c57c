import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { numbersOf } from '../../dashboards/report/course.ts';
import { type IndexedRun, renderRunsIndex } from '../../dashboards/runs-index.ts';
import type { Plan, RunSeries, Verdict } from '../../slas/model/model.ts';
import { formatMeasured } from '../../slas/render/numbers.ts';
import { writeWhole } from '../run/disk.ts';
import { FILES } from './bundle.ts';
import { describeRun, findRuns } from './run-folders.ts';
import { readOptional, readStoredOrNull } from './stored-files.ts';

export const INDEX = 'index.html';
/** The latency over time is in a separate file of each run, so it is read only for the newest runs. */
const MAX_RUNS_WITH_SERIES = 100;

/** Writes the list of all runs into their folder, and resolves to the path of the list. */
export async function writeRunsIndex(parent: string): Promise<string> {
  const ids = await findRuns(parent);
  const runs = await Promise.all(
    ids.map((id, index) => indexedRun(parent, id, index < MAX_RUNS_WITH_SERIES)),
  );
  const madeAt = `${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const file = join(parent, INDEX);
  await writeWhole(file, renderRunsIndex(runs, madeAt));
  return file;
}

async function indexedRun(parent: string, id: string, withSeries: boolean): Promise<IndexedRun> {
  const [listed, plan, verdict, series] = await Promise.all([
    describeRun(parent, id),
    readStoredOrNull<Plan>('plan', join(parent, id)),
    readStoredOrNull<Verdict>('verdict', join(parent, id)),
    withSeries ? readOptional<RunSeries>(FILES.series, join(parent, id)) : null,
  ]);
  return {
    id,
    startedAt: listed.startedAt,
    sla: plan?.sla.name ?? '',
    scenario: listed.scenario,
    verdict: listed.verdict,
    hasReport: (await lstat(join(parent, id, FILES.report)).catch(() => null))?.isFile() === true,
    objectives: (verdict?.objectives ?? []).map((one) => ({
      id: one.id,
      outcome: one.verdict,
      measured: formatMeasured(one),
      target: one.target,
    })),
    latency: listed.latency,
    samples: listed.samples,
    overTime: listed.latency === null ? null : overTimeOf(series, `p${listed.latency.percentile}`),
  };
}

function overTimeOf(series: RunSeries | null, percentile: string): readonly (number | null)[] | null {
  try {
    const answer = series?.answers.find(
      ({ panel, legend, over }) => panel === 'api-latency' && legend === percentile && over === 'time',
    );
    const [found] = answer?.series ?? [];
    return found === undefined ? null : numbersOf(found.values);
  } catch {
    // If the series of a run cannot be read, the list must still be written.
    return null;
  }
}
