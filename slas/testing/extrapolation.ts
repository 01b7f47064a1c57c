/**
 * How far above the exact difference of a counter `increase()` and `rate()` can be, as a factor, for a series
 * with this many samples in the range. Prometheus extends the difference between the first and the last sample
 * towards each edge of the range by at most 1.1 mean intervals (beyond that, by half an interval), and there are
 * one interval fewer than samples. It never shortens the difference, so the factor is at least 1.
 */
export const highestFactor = (samples: number): number => 1 + (2 * 1.1) / (samples - 1);
