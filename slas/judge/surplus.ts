import { type Reason, reason } from '../model/reasons.ts';
import type { Frame } from '../window/window.ts';

/** The number of Prometheus servers that scrape: one, or a pair. */
const MAX_SCRAPERS = 2;
/** The minimum number of scrapes. With fewer, the pattern cannot be recognised. */
const MIN_SCRAPES = 3;

/**
 * A hint about requests that the service counted in addition to the client's. A counter without a route
 * label also counts Prometheus's own scrapes of /metrics. That adds about one request per scrape (plus or
 * minus one per target, because a scrape is counted after its response). Any other traffic of that size
 * looks the same.
 */
export function trafficOf(
  what: string,
  surplus: number,
  lost: number,
  { targets }: Pick<Frame, 'targets'>,
): Reason {
  const traffic = reason('other-traffic', {});
  // An excess in one status class may come with a deficit in another.
  if (/^[1-5]xx$/.test(what)) return traffic;
  const scrapes = targets.reduce((sum, one) => sum + one.scrapes.length + one.unreadScrapes - 1, 0);
  const atLeast = surplus - lost;
  const isAbout = (count: number) => surplus >= count - targets.length && atLeast <= count + targets.length;
  const scrapers = Array.from({ length: MAX_SCRAPERS }, (_, index) => index + 1);
  const requestsPerScrape = scrapers.find((count) => isAbout(count * scrapes));
  if (scrapes < MIN_SCRAPES || requestsPerScrape === undefined) return traffic;
  return reason('other-traffic-like-scrapes', { requestsPerScrape, scrapes });
}
