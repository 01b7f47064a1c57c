import type { ClientRequests } from '../../../slas/model/model.ts';

/** The figures of `http_req_duration` in k6's own summary, computed from a record of its requests. */

export const FIGURES = ['count', 'min', 'med', 'p(95)', 'p(99)', 'max'] as const;
export type Figures = Readonly<Record<(typeof FIGURES)[number], number>>;

/** Durations in milliseconds. k6 excludes the time to open the connection. */
export function figuresOf({ durationSeconds, blockedSeconds }: ClientRequests): Figures {
  const sorted = durationSeconds
    .map((seconds, at) => Math.round((seconds - blockedSeconds[at]!) * 1e9) / 1e6)
    .sort();
  // k6 interpolates between the two nearest values.
  const at = (part: number) => {
    const place = part * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { count: sorted.length, min: at(0), med: at(0.5), 'p(95)': at(0.95), 'p(99)': at(0.99), max: at(1) };
}
