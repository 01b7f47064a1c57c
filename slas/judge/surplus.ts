import { type Reason, reason } from '../model/reasons.ts';
import type { Frame } from '../window/window.ts';

/** One Prometheus, or a pair of them. */
const MAX_SCRAPERS = 2;
/** Fewer scrapes show no pattern. */
const MIN_SCRAPES = 3;

/**
 * What requests beyond those of the client may be. A counter without a route also counts Prometheus's own scrapes of /metrics: about one
 * request per scrape, and one more or less for each target, as a scrape is counted after it was answered. This is a hint only: any
 * other traffic of that size looks the same.
 */
export function trafficOf(
  what: string,
  surplus: number,
  lost: number,
  { targets }: Pick<Frame, 'targets'>,
): Reason {
  const traffic = reason('other-traffic', {});
  // What one class of statuses has too many, another one may have too few.
  if (/^[1-5]xx$/.test(what)) return traffic;
  const scrapes = targets.reduce((sum, one) => sum + one.scrapes.length + one.unreadScrapes - 1, 0);
  const atLeast = surplus - lost;
  const isAbout = (count: number) => surplus >= count - targets.length && atLeast <= count + targets.length;
  const scrapers = Array.from({ length: MAX_SCRAPERS }, (_, index) => index + 1);
  const requestsPerScrape = scrapers.find((count) => isAbout(count * scrapes));
  if (scrapes < MIN_SCRAPES || requestsPerScrape === undefined) return traffic;
  return reason('other-traffic-like-scrapes', { requestsPerScrape, scrapes });
}
