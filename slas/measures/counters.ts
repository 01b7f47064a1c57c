import { type Reason, reason } from '../model/reasons.ts';
import { parseValue } from '../window/targets.ts';
import type { Frame } from '../window/window.ts';

/** The values of an event counter are whole numbers that only rise. This file detects series that are not counters. */

/** A series that falls this many times more often than its process restarted is a gauge. */
const FALLS_OF_A_GAUGE = 3;

/** Why the series of a selector are not counters (but a rate, a ratio, or another gauge); null if they may be counters. */
export function notACounter(selector: string, frame: Frame): Reason | null {
  const { readings, targets, fromSeconds, toSeconds } = frame;
  const restarts = Math.max(0, ...targets.map(({ processes }) => processes.length - 1));
  for (const { labels, samples } of readings.get(selector)?.series ?? []) {
    let falls = 0;
    let before = Number.NEGATIVE_INFINITY;
    for (const [at, text] of samples) {
      const value = parseValue(text);
      if (at < fromSeconds || at > toSeconds || !Number.isFinite(value)) continue;
      if (!Number.isInteger(value)) return reason('value-not-whole', { labels, value, atSeconds: at });
      if (value < before) falls++;
      before = value;
    }
    if (falls - restarts >= FALLS_OF_A_GAUGE) return reason('counter-falls-often', { labels, falls });
  }
  return null;
}
