/** How much a weekly peak may grow before the measured capacity is no longer enough. */

export interface GrowthQuestion {
  readonly peakPerSecond: number;
  /** The part of the proven rate that must stay free, from 0 to less than 1. */
  readonly headroom: number;
  readonly provenPerSecond: number;
  readonly refutedPerSecond: number | null;
}

/** The possible growth as a share of the peak: 0.2 means that the peak may grow by a fifth; below 0, the peak is already too high. */
export interface Growth {
  readonly withHeadroom: number;
  readonly toProven: number;
  /** The growth at which an objective is missed. null if no rate was missed. */
  readonly toRefuted: number | null;
}

export function growthOf(question: GrowthQuestion): Growth {
  const { peakPerSecond, headroom, provenPerSecond, refutedPerSecond } = question;
  const upTo = (ratePerSecond: number) => ratePerSecond / peakPerSecond - 1;
  return {
    withHeadroom: upTo((1 - headroom) * provenPerSecond),
    toProven: upTo(provenPerSecond),
    toRefuted: refutedPerSecond === null ? null : upTo(refutedPerSecond),
  };
}
