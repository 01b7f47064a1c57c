import { latencyEffectOf } from '../judge/certainty.ts';
import { type Block, burstEffectOf, totalsOf } from '../statistics/design-effect.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { type LookSchedule, scheduleLooks } from '../statistics/sequential.ts';
import { type Service, seeded } from './queues.ts';
import { isSteady, LIMITS, lowerEdges, slowerBySecond } from './simulation.ts';

/** Runs that last until they are decided, of services whose true share of slow requests is known. */

export interface LooksCell {
  readonly service: string;
  readonly percentile: 95 | 99;
  readonly maxSeconds: number;
  /** The factor by which the service's own limit is multiplied. At 1, the service is exactly at its limit. */
  readonly limitTimes: number;
  readonly runs: number;
  /** The shares of runs that were decided as met and as missed. */
  readonly met: number;
  readonly missed: number;
  /** The same shares if each run is judged only once, when it ends. */
  readonly metOnce: number;
  readonly missedOnce: number;
  /** The mean duration of all runs, decided or not. */
  readonly meanSeconds: number;
}

const CONFIDENCE = 0.95;

interface Outcome {
  readonly is: 'met' | 'missed' | 'undecided';
  readonly atSeconds: number;
}

/** Decides as the judge does: no objective is met while the share is not steady, or before the shortest duration. */
function decideAt(
  bySecond: readonly (readonly Block[])[],
  seconds: number,
  confidence: number,
  budget: number,
): Outcome['is'] {
  const counts = bySecond.map((blocks) => blocks.slice(0, seconds));
  const own = counts.at(-1)!;
  const { part: bad, total: all } = totalsOf(own);
  const found = latencyEffectOf({ blocks: own, lower: lowerEdges(counts) }, budget);
  if (all === 0) return 'undecided';
  const effect = found ?? { factor: 1, blocks: own.length };
  const { low, high } = shareBounds({ bad, all, effect, bursts: burstEffectOf(own) }, confidence);
  if (low > budget) return 'missed';
  return found !== null && high <= budget && isSteady(own) ? 'met' : 'undecided';
}

function untilDecided(
  bySecond: readonly (readonly Block[])[],
  { looks, atLeastSeconds, maxSeconds }: LookSchedule,
  budget: number,
): Outcome {
  for (const { atSeconds, confidence } of looks) {
    const is = decideAt(bySecond, atSeconds, confidence, budget);
    if (is === 'missed' || (is === 'met' && atSeconds >= atLeastSeconds)) return { is, atSeconds };
  }
  return { is: 'undecided', atSeconds: maxSeconds };
}

/** The service is exactly at its limit, at a third of it, or beyond it. */
export const LIMIT_TIMES = [1, 3, 0.7] as const;

export function simulateLooks(
  service: Service,
  percentile: 95 | 99,
  maxSeconds: number,
  limitTimes: number,
  runs: number,
  seed: number,
): LooksCell {
  return simulateCellsOf(service, [{ percentile, limitTimes }], maxSeconds, runs, seed)[0]!;
}

/** The cells of both percentiles and all limits, from the same runs. */
export function simulateAllLooks(service: Service, maxSeconds: number, runs: number, seed: number) {
  const each = ([95, 99] as const).flatMap((percentile) =>
    LIMIT_TIMES.map((limitTimes) => ({ percentile, limitTimes })),
  );
  return simulateCellsOf(service, each, maxSeconds, runs, seed);
}

function simulateCellsOf(
  service: Service,
  cells: readonly Pick<LooksCell, 'percentile' | 'limitTimes'>[],
  maxSeconds: number,
  runs: number,
  seed: number,
): readonly LooksCell[] {
  const random = seeded(seed);
  const schedule = scheduleLooks(maxSeconds, CONFIDENCE);
  const tallies = cells.map((): (Outcome & { readonly once: Outcome['is'] })[] => []);
  for (let run = 0; run < runs; run++) {
    const answers = service.run(maxSeconds, random);
    for (const [index, { percentile, limitTimes }] of cells.entries()) {
      const limit = limitTimes * LIMITS[service.name]![percentile];
      const budget = percentile === 95 ? 0.05 : 0.01;
      const bySecond = slowerBySecond(answers, limit, maxSeconds);
      const once = decideAt(bySecond, maxSeconds, CONFIDENCE, budget);
      tallies[index]!.push({ ...untilDecided(bySecond, schedule, budget), once });
    }
  }
  return cells.map((cell, index) => {
    const outcomes = tallies[index]!;
    const share = (is: (one: (typeof outcomes)[number]) => boolean) => outcomes.filter(is).length / runs;
    return {
      ...{ service: service.name, ...cell, maxSeconds, runs },
      met: share(({ is }) => is === 'met'),
      missed: share(({ is }) => is === 'missed'),
      metOnce: share(({ once }) => once === 'met'),
      missedOnce: share(({ once }) => once === 'missed'),
      meanSeconds: outcomes.reduce((sum, { atSeconds }) => sum + atSeconds, 0) / runs,
    };
  });
}

/** The promises of docs/statistics.md that a cell breaks. */
export type BrokenPromise = 'false met' | 'false missed' | 'power' | 'time';

const MAX_WRONG = 0.05;
/** No method can detect stalls that did not happen. */
const MAX_WRONG_STALLS = 0.08;
const MAX_LOST_POWER = 0.05;
const QUICK_SERVICES = ['independent', 'M/G/2 at 0.5'];
const QUICK_FRACTION = 1 / 3;

/** @param slack the random error of the share of wrong verdicts in this many runs */
export function brokenPromises(cell: LooksCell, slack = 0): readonly BrokenPromise[] {
  const { service, percentile, maxSeconds, limitTimes, met, missed, metOnce, missedOnce } = cell;
  const most = (service === 'stalls' ? MAX_WRONG_STALLS : MAX_WRONG) + slack;
  const isAtLimit = limitTimes === 1;
  const lost = limitTimes > 1 ? metOnce - met : missedOnce - missed;
  const isQuick = limitTimes > 1 && percentile === 95 && QUICK_SERVICES.includes(service);
  const broken: [BrokenPromise, boolean][] = [
    ['false met', isAtLimit && met > most],
    ['false missed', isAtLimit && missed > most],
    ['power', !isAtLimit && lost > MAX_LOST_POWER + slack],
    ['time', isQuick && cell.meanSeconds > QUICK_FRACTION * maxSeconds],
  ];
  return broken.filter(([, is]) => is).map(([promise]) => promise);
}
