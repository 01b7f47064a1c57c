import type { CapacityResult } from '../capacity/result.ts';
import type { Usl, UslRefusal } from '../capacity/usl.ts';
import { number, rate } from './capacity.ts';
import { formatValue } from './numbers.ts';

/** The words for how a service scales: the fitted curve, its peak, and the knee of the latency. */

const USL_REFUSED = (refusal: UslRefusal): string => {
  switch (refusal.code) {
    case 'too-few-points':
      return `no curve is fitted: ${refusal.points} levels of load were measured, and ${refusal.needed} are needed`;
    case 'too-narrow':
      return `no curve is fitted: the load was nearly the same in every step (${number(refusal.from)} to ${number(refusal.to)} concurrent requests)`;
    case 'bad-fit':
      return `no curve is fitted: the measurements do not follow the scalability law${refusal.relativeError === null ? '' : ` (typical error ${formatValue(refusal.relativeError, 'ratio')})`}`;
    default:
      return refusal satisfies never;
  }
};

const range = ([low, high]: readonly [number, number]) => `${number(low)} to ${number(high)}`;

const NO_PEAK = {
  'no-coherence': 'no peak: throughput levels off, and nothing measured makes it fall',
  'coherence-uncertain': 'no peak is reported: it is not certain that throughput falls at higher load',
  'beyond-data': 'no peak is reported: it would be beyond the load that was measured',
} as const;

export function uslInWords(usl: Usl): readonly string[] {
  if (!usl.ok) return [USL_REFUSED(usl.refusal)];
  const { alpha, beta, gamma, intervals, peak, relativeError } = usl.fit;
  return [
    `contention α = ${number(alpha)} (${range(intervals.alpha)})`,
    `coherency β = ${number(beta)} (${range(intervals.beta)})`,
    `throughput of one request at a time γ = ${rate(gamma)} (${range(intervals.gamma)})`,
    `typical error ${formatValue(relativeError, 'ratio')}`,
    'unknownBecause' in peak
      ? NO_PEAK[peak.unknownBecause]
      : `peak ${rate(peak.throughputPerSecond)} at ${number(peak.concurrency)} concurrent requests (${range(peak.range)})`,
  ];
}

export function kneeInWords({ knee }: CapacityResult): string {
  if (knee.ok)
    return `knee: above ${rate(knee.ratePerSecond)} (${rate(knee.range[0])} to ${rate(knee.range[1])}), latency rises more steeply; it may exceed a limit at lower rates`;
  return knee.because === 'too-few-points'
    ? 'no knee: too few rates were measured'
    : 'no knee: no rate was found above which latency clearly rises more steeply';
}
