import { expectedLine, type Weighted } from './expected-line.ts';
import type { StepSeen } from './search-model.ts';

/**
 * The highest rate at which a hold has enough independent responses to prove every objective.
 *
 * Even if no response is bad, proving a small budget takes many independent responses (299 for 1% at 95% confidence). Near its limit, a service with a
 * queue has long bursts of slow responses, so the higher the rate, the fewer responses are independent. An objective that is far within its limit may
 * therefore be the one that cannot be proven.
 */

/** The number of independent responses is about proportional to this power of the rate. */
const POWER = { usual: -2.4, deviation: 1 };
/** Lower rates say little about the bursts near the limit: every response may be independent there. */
const WINDOW = 2.2;
/** A step is too short to contain long bursts, so it seems to have more independent responses. */
const SHORT = { seconds: 60, part: 0.5 };
/** A run that used more than this many times its error budget was overloaded: all of its responses are one burst. */
const OVERLOADED = 3;
/** A few bad responses are possible, so more independent ones are needed. */
const RESERVE = 1.3;

/** null: nothing is known about the bursts near the limit. */
export function provableByCount(
  log: readonly StepSeen[],
  { confidence, seconds }: { readonly confidence: number; readonly seconds: number },
): number | null {
  // x: the logarithm of the rate. y: that of the independent responses that a hold would have, divided by those that it needs.
  const seen = log.flatMap(pointOf(confidence, seconds));
  const highest = Math.max(...seen.map(({ x }) => x));
  const points = seen.filter(({ x }) => x >= highest - Math.log(WINDOW));
  if (points.length === 0) return null;
  const { x, y, slope } = expectedLine(points, POWER);
  const power = Math.min(-1, slope);
  return Math.exp(x + (Math.log(RESERVE) - y) / power);
}

const pointOf =
  (confidence: number, holdSeconds: number) =>
  ({ outcome, ratePerSecond, near }: StepSeen): readonly Weighted[] => {
    if (near?.hardest === undefined || near.used > OVERLOADED || ['missed', 'invalid'].includes(outcome))
      return [];
    const { budget, independent } = near.hardest;
    if (!(independent > 0 && budget > 0 && near.seconds > 0)) return [];
    const needed = Math.log(1 - confidence) / Math.log(1 - budget);
    const part = near.seconds < SHORT.seconds ? SHORT.part : 1;
    const y = Math.log((part * independent * holdSeconds) / near.seconds / needed);
    // If every response may be bad, a hold needs none.
    if (!Number.isFinite(y)) return [];
    return [{ x: Math.log(ratePerSecond), y, weight: near.seconds / WEIGHT_SECONDS }];
  };

/** The number of independent responses in a run of this length is known to within a factor of e. */
const WEIGHT_SECONDS = 20;
