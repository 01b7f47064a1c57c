/**
 * Little's law: in a steady state, the mean number of requests in a system is their rate times their mean time. The law makes no assumption
 * about the service, so if the three numbers contradict each other, one of them was miscounted.
 */

/** The measurements of the load generator and of the service at one step. null if they were not taken. */
export interface Counted {
  readonly client: Observed;
  readonly service: Observed;
}

export interface Observed {
  readonly ratePerSecond: number | null;
  readonly meanSeconds: number | null;
  /** Counted directly, not computed from the other two: requests open at given moments, or a gauge. */
  readonly concurrency: number | null;
}

export type LittleViolation =
  /** The three figures of this side contradict each other. */
  | {
      readonly who: 'client' | 'service';
      readonly code: 'own-figures';
      readonly concurrency: number;
      readonly expected: number;
    }
  /**
   * The service has more requests in progress than the client has open: other clients send requests, or the service counts some requests
   * twice.
   */
  | {
      readonly who: 'service';
      readonly code: 'more-than-sent';
      readonly concurrency: number;
      readonly expected: number;
    }
  /** Requests spend time between client and service, before the service begins to count. */
  | {
      readonly who: 'service';
      readonly code: 'waits-outside';
      readonly concurrency: number;
      readonly expected: number;
    };

/** The tolerance for the edges of the window and for about one request in transit. */
const TOLERANCE = { share: 0.15, requests: 1 };
/**
 * The tolerance for a gauge, whose value is known only at a few scrapes. It is narrow enough to report a gauge that counts every request
 * twice.
 */
const OF_GAUGE = { share: 0.4, requests: 4 };
/** Some time in transit is normal. More than this means that requests wait where the service does not see them. */
const MAX_OUTSIDE = { share: 0.5, requests: 2 };

export function checkLittle({ client, service }: Counted): readonly LittleViolation[] {
  const own = (['client', 'service'] as const).flatMap((who): LittleViolation[] => {
    const { concurrency } = who === 'client' ? client : service;
    const expected = byLaw(who === 'client' ? client : service);
    const tolerance = who === 'client' ? TOLERANCE : OF_GAUGE;
    if (concurrency === null || expected === null || isNear(concurrency, expected, tolerance)) return [];
    return [{ who, code: 'own-figures', concurrency, expected }];
  });
  const [seen, sent] = [byLaw(service) ?? service.concurrency, byLaw(client) ?? client.concurrency];
  if (seen === null || sent === null) return own;
  const both = { who: 'service', concurrency: seen, expected: sent } as const;
  if (seen > sent && !isNear(seen, sent, TOLERANCE)) return [...own, { ...both, code: 'more-than-sent' }];
  if (seen < sent && !isNear(seen, sent, MAX_OUTSIDE)) return [...own, { ...both, code: 'waits-outside' }];
  return own;
}

const byLaw = ({ ratePerSecond, meanSeconds }: Observed) =>
  ratePerSecond === null || meanSeconds === null ? null : ratePerSecond * meanSeconds;

const isNear = (one: number, other: number, { share, requests }: typeof TOLERANCE) =>
  Math.abs(one - other) <= Math.max(requests, share * Math.max(one, other));
