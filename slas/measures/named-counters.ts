import { allResponses } from '../client/requests.ts';
import { isRatio } from '../model/kinds.ts';
import type { PlannedMeasure, PlannedObjective, RunRecord } from '../model/model.ts';
import { reason } from '../model/reasons.ts';
import type { Frame } from '../window/window.ts';
import { type Measured, nothing } from './measured.ts';

/**
 * An integer gauge that happens never to fall in a window looks like a counter: a growing queue, a number
 * of sessions. A metric is accepted as a counter if its name or the document says so, or if the client saw
 * the same number of responses.
 */
export function ofNamedCounters(
  measured: Measured,
  { unnamedCounters = [] }: PlannedObjective,
  planned: PlannedMeasure,
  run: RunRecord,
  frame: Frame,
): Measured {
  const [metric] = unnamedCounters;
  if (metric === undefined || measured.kind === 'nothing') return measured;
  if (isSeenByClient(measured.samples, planned, unnamedCounters, run, frame)) return measured;
  return nothing(reason('counter-unnamed', { metric }), ...measured.reasons);
}

/** The client's record is not evidence for a counter of errors: a gauge may happen to equal the number of errors. */
function isSeenByClient(
  samples: number,
  planned: PlannedMeasure,
  unnamed: readonly string[],
  { load }: RunRecord,
  { isIsolated }: Frame,
): boolean {
  if (load === null || !load.completed || !isIsolated) return false;
  if (isRatio(planned) && unnamed.length > 1) return false;
  const atLeast = isRatio(planned) ? [allResponses(load)] : [allResponses(load), load.answered['2xx']];
  return atLeast.some((answers) => answers > 0 && samples >= answers && samples <= answers + load.lost);
}
