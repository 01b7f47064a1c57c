import { reportQueries } from '../../dashboards/run-panels.ts';
import type { Evidence, Plan, RunRecord, RunSeries, SlaDocument } from '../../slas/model/model.ts';
import type { Asker } from '../../slas/prometheus/http.ts';
import { collectSeries } from '../../slas/prometheus/series.ts';
import { cutWindow } from '../../slas/window/cut-window.ts';

/** Enough points for any screen, while the report of an hour-long run stays small. */
const MAX_STEPS = 360;
/** A rate needs at least two scrapes; with a few more, the curve is smoother. */
const SCRAPES_A_RATE = 4;
/** The maximum time by which the plots may delay the verdict. */
const TIMEOUT_MS = 10_000;

/** The series for the plots in the report, limited to the scrapes that the evidence covers; null if there are none. */
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
