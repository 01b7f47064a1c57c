import { median, ratios } from './figures.ts';
import { type Setting, turned } from './measure.ts';
import { type OpenLoop, runOpenLoop, settlingSeconds } from './open-loop.ts';

/** Multiples of the service's capacity. Only the last one is judged. */
const steps = [0.5, 0.9, 1.2, 2, 3];

/** The results at one rate over all rounds: medians of the figures, sums of failed and refused requests. */
export interface OverloadStep extends OpenLoop {
  readonly answeredPerSecondByRound: readonly number[];
}

/** The service at several multiples of its capacity, in open loop, round after round. */
export async function measureOverload(setting: Setting, capacity: number): Promise<readonly OverloadStep[]> {
  const { candidates, short, rounds, seconds, io } = setting;
  const measured = steps.map(() => [] as OpenLoop[]);
  for (let round = 0; round < rounds; round++) {
    io.progress(`round ${round + 1} of ${rounds}: arrivals at up to ${steps.at(-1)} times its capacity`);
    for (const at of turned([...steps.keys()], round)) {
      measured[at]!.push(
        await runOpenLoop({
          url: candidates.ours.url,
          texts: short,
          ratePerSecond: Math.max(1, Math.round(capacity * steps[at]!)),
          seconds: settlingSeconds + seconds,
          signal: io.signal,
        }),
      );
    }
  }
  return measured.map(summed);
}

function summed(rounds: readonly OpenLoop[]): OverloadStep {
  const values = (key: Exclude<keyof OpenLoop, 'refusedP99Ms'>) => rounds.map((round) => round[key]);
  const sum = (key: 'answered' | 'refused' | 'failed') => values(key).reduce((all, one) => all + one, 0);
  const refusedP99sMs = rounds.flatMap(({ refusedP99Ms }) => refusedP99Ms ?? []);
  return {
    offeredPerSecond: rounds[0]!.offeredPerSecond,
    answeredPerSecond: median(values('answeredPerSecond')),
    answeredPerSecondByRound: values('answeredPerSecond'),
    answered: sum('answered'),
    refused: sum('refused'),
    failed: sum('failed'),
    answeredP50Ms: median(values('answeredP50Ms')),
    answeredP95Ms: median(values('answeredP95Ms')),
    answeredP99Ms: median(values('answeredP99Ms')),
    refusedP99Ms: refusedP99sMs.length === 0 ? null : median(refusedP99sMs),
    lateP99Ms: median(values('lateP99Ms')),
  };
}

/** Successful responses at the last step relative to the best step, round by round. */
export function ofPeak(overload: readonly OverloadStep[]): readonly number[] {
  const peak = overload.reduce((best, step) =>
    step.answeredPerSecond > best.answeredPerSecond ? step : best,
  );
  return ratios(overload.at(-1)!.answeredPerSecondByRound, peak.answeredPerSecondByRound);
}
