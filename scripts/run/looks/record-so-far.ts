import { recordOf } from '../../../slas/client/columns.ts';
import type { Load, RunRecord } from '../../../slas/model/model.ts';
import { checkedIn, countsOf, windowOf } from '../record/counts.ts';
import type { ScenarioSamples, Snapshot } from '../record/recorder.ts';
import { scheduleOf } from '../record/schedule.ts';

/** What is known about a run in progress, except its requests. */
export interface RunSoFar {
  readonly id: string;
  readonly load: Load;
  readonly generator: NonNullable<RunRecord['load']>['generator'];
  /** The start of the load generators and the current time, in Unix seconds. */
  readonly startedSeconds: number;
  readonly nowSeconds: number;
  readonly incidents: RunRecord['incidents'];
}

/** A snapshot whose large arrays are transferred to another thread instead of copied. */
export interface SentSnapshot extends Omit<Snapshot, 'scenarios'> {
  readonly scenarios: ReadonlyMap<
    string,
    Omit<ScenarioSamples, 'moments' | 'lateMs'> & {
      readonly moments: Float64Array;
      readonly lateMs: Float64Array;
    }
  >;
}

/** The message for the worker, and the buffers to transfer with it. */
export function toSend(snapshot: Snapshot): { snapshot: SentSnapshot; buffers: ArrayBuffer[] } {
  const scenarios = [...snapshot.scenarios].map(
    ([name, { moments, lateMs, ...counts }]) =>
      [name, { ...counts, moments: new Float64Array(moments), lateMs: new Float64Array(lateMs) }] as const,
  );
  const { paths: _, ...columns } = snapshot.columns;
  const long = [...Object.values(columns), ...scenarios.flatMap(([, one]) => [one.moments, one.lateMs])];
  return {
    snapshot: { ...snapshot, scenarios: new Map(scenarios) },
    buffers: long.map(({ buffer }) => buffer as ArrayBuffer),
  };
}

const received = ({ scenarios }: SentSnapshot): ReadonlyMap<string, ScenarioSamples> =>
  new Map(
    [...scenarios].map(([name, { moments, lateMs, ...counts }]) => [
      name,
      { ...counts, moments: [...moments], lateMs: [...lateMs] },
    ]),
  );

/** The record that the run would have if this look had decided it and the load stopped now. */
export function recordSoFar(
  { columns, ...sent }: SentSnapshot,
  { id, load, generator, startedSeconds, nowSeconds, incidents }: RunSoFar,
  lookAtSeconds: number,
): RunRecord {
  const scenarios = received({ columns, ...sent });
  const recorded = { ...sent, scenarios, client: recordOf(columns) };
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
      ...checkedIn(sent.bodies),
      ...(recorded.client === null ? {} : { client: recorded.client }),
    },
    incidents,
  };
}
