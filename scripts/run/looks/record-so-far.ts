import { recordOf } from '../../../slas/client/columns.ts';
import type { Load, RunRecord } from '../../../slas/model/model.ts';
import { countsOf, windowOf } from '../record/counts.ts';
import type { BodyChecks, Snapshot } from '../record/recorder.ts';
import { scheduleOf } from '../record/schedule.ts';

/** What is known of a run while it lasts, other than the requests. */
export interface RunSoFar {
  readonly id: string;
  readonly load: Load;
  readonly generator: NonNullable<RunRecord['load']>['generator'];
  /** When the load generators were started, and now: Unix seconds. */
  readonly startedSeconds: number;
  readonly nowSeconds: number;
  readonly incidents: RunRecord['incidents'];
}

/** The record as it would be if the load were stopped now because this look decided. */
export function recordSoFar(
  { columns, ...rest }: Snapshot,
  { id, load, generator, startedSeconds, nowSeconds, incidents }: RunSoFar,
  lookAtSeconds: number,
): RunRecord {
  const recorded = { ...rest, client: recordOf(columns) };
  return {
    schema: 'sla-harness/run/v1',
    id,
    window: windowOf(recorded, startedSeconds, nowSeconds),
    load: {
      generator,
      plannedRequests: load.plannedRequests,
      scheduledSeconds: Math.min(load.scheduledSeconds, nowSeconds - startedSeconds),
      ...countsOf(recorded, load),
      completed: false,
      stoppedBecause: `look at ${lookAtSeconds} s`,
      decidedAtSeconds: lookAtSeconds,
      ...scheduleOf(load, recorded),
      ...(rest.bodies === null ? {} : checkedOf(rest.bodies)),
      ...(recorded.client === null ? {} : { client: recorded.client }),
    },
    incidents,
  };
}

const checkedOf = ({ wrong, checked, refusals }: BodyChecks) => ({
  wrongAnswers: wrong,
  lookedInto: checked,
  ...(refusals === 0 ? {} : { expectedRefusals: refusals }),
});
