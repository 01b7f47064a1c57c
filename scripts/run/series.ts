import { reportQueries } from '../../dashboards/run-panels.ts';
import type { Evidence, Plan, RunRecord, RunSeries, SlaDocument } from '../../slas/model/model.ts';
import type { Asker } from '../../slas/prometheus/http.ts';
import { collectSeries } from '../../slas/prometheus/series.ts';
import { cutWindow } from '../../slas/window/cut-window.ts';

/** Enough points for any screen, and few enough to keep the report of an hour small. */
const MAX_STEPS = 360;
/** A rate needs two scrapes; a few more make the curve smoother. */
const SCRAPES_A_RATE = 4;
/** The plots must not delay the verdict for longer than this. */
const TIMEOUT_MS = 10_000;

/**
 * The series that a run's report draws, between the scrapes that its evidence subtracted; null if there are
 * none.
 */
export async function collectRunSeries(
  document: SlaDocument,
  plan: Plan,
  run: RunRecord,
  evidence: Evidence,
  asker: Asker,
): Promise<RunSeries | null> {
  const { targets } = cutWindow(plan, run, evidence);
  const whole = targets.filter(({ problem }) => problem === null);
  if (whole.length === 0) return null;
  const intervalSeconds = Math.max(...whole.map((target) => target.intervalSeconds));
  const fromSeconds = Math.min(...whole.map(({ openSeconds }) => openSeconds));
  const toSeconds = Math.max(...whole.map(({ closeSeconds }) => closeSeconds));
  const wholeSeconds = toSeconds - fromSeconds;
  const stepSeconds = Math.max(1, Math.ceil(intervalSeconds), Math.ceil(wholeSeconds / MAX_STEPS));
  const rangeSeconds = Math.max(SCRAPES_A_RATE * intervalSeconds, stepSeconds + intervalSeconds);
  const queries = reportQueries(document, { rangeSeconds, wholeSeconds });
  const signal = AbortSignal.any([asker.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    return await collectSeries(queries, { fromSeconds, toSeconds, stepSeconds }, { ...asker, signal });
  } catch {
    asker.signal.throwIfAborted();
    return null;
  }
}
