/** Limits the requests from each client address: a burst, and then one request per refill interval. */

export interface RateLimit {
  /** Takes one request from the allowance. Returns 0 if the request is allowed, otherwise the seconds until the next one. */
  take(address: string, nowMs: number): number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Progressive delivery sends about one request in 10 s for each canary. */
const DEFAULTS = { burst: 30, perMinute: 60 };
/** The maximum number of addresses that are remembered; the oldest is dropped first. */
const MAX_ADDRESSES = 1_000;

export function limitRates({ burst, perMinute } = DEFAULTS): RateLimit {
  const buckets = new Map<string, Bucket>();
  const refillMs = 60_000 / perMinute;
  return {
    take(address, nowMs) {
      const known = buckets.get(address) ?? { tokens: burst, atMs: nowMs };
      const tokens = Math.min(burst, known.tokens + (nowMs - known.atMs) / refillMs);
      buckets.delete(address);
      buckets.set(address, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
      if (buckets.size > MAX_ADDRESSES) buckets.delete(buckets.keys().next().value!);
      return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) * refillMs) / 1000);
    },
  };
}
