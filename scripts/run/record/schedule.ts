import type { Load, LoadRecord, Phase, PhaseRecord } from '../../../slas/model/model.ts';
import { arrivalsIn, dueAtRate, dueInStages, type Lateness, latenessOf, p99 } from './lateness.ts';
import type { Recorded, ScenarioSamples } from './recorder.ts';

/** Derives from the schedule when each phase started, and how late iterations started. */
export function scheduleOf(load: Load, recorded: Recorded): Partial<LoadRecord> {
  // Requests in setup() and teardown() belong to no scenario.
  const named = [...recorded.scenarios].filter(([name]) => name !== '');
  const timed = named.map(([name, samples]) => ({
    name,
    samples,
    timing: timingOf(samples, dueIn(name, load)),
  }));
  const late = p99(timed.flatMap(({ timing }) => [...(timing?.lateSeconds ?? [])]));
  return {
    ...(late === null ? {} : { startedLateP99Seconds: late }),
    ...phasesOf(load, timed),
    scenarios: timed.map(({ name, samples, timing }) => ({
      name,
      iterations: samples.iterations,
      droppedIterations: samples.dropped,
      requests: samples.requests,
      ...(timing === null ? {} : { startedLateP99Seconds: timing.lateP99Seconds }),
    })),
  };
}

interface Timing extends Lateness {
  readonly lateP99Seconds: number;
}

interface Timed {
  readonly name: string;
  readonly samples: ScenarioSamples;
  readonly timing: Timing | null;
}

/** The phases that have started, in the order of the plan. */
function phasesOf({ phases }: Load, timed: readonly Timed[]): Pick<LoadRecord, 'phases'> {
  const began = phases.flatMap(({ name }): PhaseRecord[] => {
    const own = timed.find((one) => one.name === name);
    if (own === undefined || own.timing === null) return [];
    const { timing, samples } = own;
    return [
      {
        ...{ name, fromSeconds: timing.beganSeconds, sent: samples.requests },
        startedLateP99Seconds: timing.lateP99Seconds,
      },
    ];
  });
  return began.length === 0 ? {} : { phases: began };
}

/** null if there is no schedule to compare with, or no iteration has ended. */
function timingOf(samples: ScenarioSamples, due: readonly number[] | null): Timing | null {
  const isReported = samples.lateMs.length > 0 && Number.isFinite(samples.beganMs);
  const found = isReported ? reportedBy(samples) : due === null ? null : latenessOf(samples.moments, due);
  return found === null ? null : { ...found, lateP99Seconds: p99(found.lateSeconds)! };
}

/** The delays that a script with its own schedule reports. */
const reportedBy = ({ beganMs, lateMs }: ScenarioSamples): Lateness => ({
  beganSeconds: beganMs / 1000,
  lateSeconds: Float64Array.from(lateMs, (ms) => ms / 1000).sort(),
});

/** The times at which the iterations of a scenario are due, in seconds since its start. */
function dueIn(name: string, load: Load): readonly number[] | null {
  const phase = load.phases.find((one) => one.name === name);
  if (phase !== undefined) return dueInPhase(phase, load.requestsPerArrival ?? 1);
  const planned = load.k6?.scenarios.find((one) => one.name === name);
  if (planned?.stages == null) return null;
  const [only] = planned.stages;
  return planned.executor === 'constant-arrival-rate' && only !== undefined
    ? dueAtRate(only.fromPerSecond, Math.floor(only.fromPerSecond * only.seconds) + 1)
    : dueInStages(planned.stages);
}

function dueInPhase({ ratePerSecond, durationSeconds }: Phase, requestsPerArrival: number) {
  const perSecond = ratePerSecond / requestsPerArrival;
  return dueAtRate(perSecond, arrivalsIn(perSecond, durationSeconds));
}
