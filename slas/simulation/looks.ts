import { latencyEffectOf } from '../judge/certainty.ts';
import { type Block, burstEffectOf, totalsOf } from '../statistics/design-effect.ts';
import { shareBounds } from '../statistics/intervals.ts';
import { type LookSchedule, scheduleLooks } from '../statistics/sequential.ts';
import { type Service, seeded } from './queues.ts';
import { isSteady, LIMITS, slowerBySecond } from './simulation.ts';

/** Runs that last until they are decided, of services whose true share of slow requests is known. */

export interface LooksCell {
  readonly service: string;
  readonly percentile: 95 | 99;
  readonly maxSeconds: number;
  /** The limit is that of the service times this: 1 is exactly at it. */
  readonly limitTimes: number;
  readonly runs: number;
  /** Shares of the runs. */
  readonly met: number;
  readonly missed: number;
  /** The same if it is judged once, at the end. */
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

/** As the judge decides: nothing is met while the share is not steady, or before the shortest duration. */
function decideAt(
  bySecond: readonly (readonly Block[])[],
  seconds: number,
  confidence: number,
  budget: number,
): Outcome['is'] {
  const counts = bySecond.map((blocks) => blocks.slice(0, seconds));
  const own = counts.at(-1)!;
  const { part: bad, total: all } = totalsOf(own);
  const found = latencyEffectOf({ blocks: own, lower: counts.slice(0, -1) });
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

export function simulateLooks(
  service: Service,
  percentile: 95 | 99,
  maxSeconds: number,
  limitTimes: number,
  runs: number,
  seed: number,
): LooksCell {
  const random = seeded(seed);
  const limit = limitTimes * LIMITS[service.name]![percentile];
  const budget = percentile === 95 ? 0.05 : 0.01;
  const schedule = scheduleLooks(maxSeconds, CONFIDENCE);
  const outcomes = Array.from({ length: runs }, () => {
    const bySecond = slowerBySecond(service.run(maxSeconds, random), limit, maxSeconds);
    return {
      ...untilDecided(bySecond, schedule, budget),
      once: decideAt(bySecond, maxSeconds, CONFIDENCE, budget),
    };
  });
  const share = (is: (one: (typeof outcomes)[number]) => boolean) => outcomes.filter(is).length / runs;
  return {
    ...{ service: service.name, percentile, maxSeconds, limitTimes, runs },
    met: share(({ is }) => is === 'met'),
    missed: share(({ is }) => is === 'missed'),
    metOnce: share(({ once }) => once === 'met'),
    missedOnce: share(({ once }) => once === 'missed'),
    meanSeconds: outcomes.reduce((sum, { atSeconds }) => sum + atSeconds, 0) / runs,
  };
}
