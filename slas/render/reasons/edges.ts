import { formatValue } from '../numbers.ts';

/** `between 100 ms and 250 ms`, `below 5 ms`, `above 10 s`: where a limit that is not a bucket edge lies. */
export function edgesAround({
  lowSeconds,
  highSeconds,
}: {
  readonly lowSeconds: number;
  readonly highSeconds: number | null;
}): string {
  if (highSeconds === null)
    return lowSeconds === 0
      ? 'outside all edges'
      : `above ${formatValue(lowSeconds, 'seconds')}, the highest edge`;
  if (lowSeconds === 0) return `below ${formatValue(highSeconds, 'seconds')}, the lowest edge`;
  return `between ${formatValue(lowSeconds, 'seconds')} and ${formatValue(highSeconds, 'seconds')}`;
}
