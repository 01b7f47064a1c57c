import { countOf } from '../render/numbers.ts';
import { clock, parseValue } from '../window/targets.ts';
import type { Frame } from '../window/window.ts';

/** What a counter of events cannot be: its values are whole numbers that only rise. */

export const NAME_THE_COUNTER = 'name the counter of the service that it is computed from';

/** So many falls are no restarts. */
const FALLS_OF_A_GAUGE = 3;

/** Why the series of a selector are no counters (a rate, a ratio, any other gauge); null where they may be. */
export function notACounter(selector: string, frame: Frame): string | null {
  const { readings, targets, fromSeconds, toSeconds } = frame;
  const restarts = Math.max(0, ...targets.map(({ lives }) => lives.length - 1));
  for (const { labels, samples } of readings.get(selector)?.series ?? []) {
    let falls = 0;
    let before = Number.NEGATIVE_INFINITY;
    for (const [at, text] of samples) {
      const value = parseValue(text);
      if (at < fromSeconds || at > toSeconds || !Number.isFinite(value)) continue;
      if (!Number.isInteger(value))
        return `series ${JSON.stringify(labels)} is ${value} at ${clock(at)}, which is no whole number of events: it is no counter; ${NAME_THE_COUNTER}`;
      if (value < before) falls++;
      before = value;
    }
    if (falls - restarts >= FALLS_OF_A_GAUGE)
      return `series ${JSON.stringify(labels)} fell ${countOf(falls, 'time')} inside the window, and counters only rise: it is a gauge, or the service restarted each time; ${NAME_THE_COUNTER}`;
  }
  return null;
}
