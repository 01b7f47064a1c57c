/**
 * The factor by which `increase()` and `rate()` can exceed the exact difference of a counter, for a series with this many samples in the
 * range. Prometheus extends the difference between the first and the last sample towards each edge of the range by at most 1.1 mean
 * intervals (beyond that, by half an interval). There is one interval fewer than there are samples. Prometheus never shortens the
 * difference, so the factor is at least 1.
 */
export const highestFactor = (samples: number): number => 1 + (2 * 1.1) / (samples - 1);
