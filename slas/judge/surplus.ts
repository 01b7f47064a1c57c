import { formatCount } from '../render/numbers.ts';
import type { Frame } from '../window/window.ts';

/** Scrapers that are looked for: one Prometheus, or a pair of them. */
const MOST_SCRAPERS = 2;
/** Of fewer scrapes nothing can be told. */
const LEAST_SCRAPES = 3;

/**
 * What requests beyond those of the client may be, in words. A counter without a route also holds Prometheus's own scrapes of
 * /metrics: about one request a scrape, and one more or less for each target, as a scrape is counted after it was answered. It is only
 * named: any other traffic of that size looks the same, and what it hides nobody knows.
 */
export function surplusWords(
  what: string,
  surplus: number,
  lost: number,
  { targets }: Pick<Frame, 'targets'>,
): string {
  const traffic = 'other traffic was in the window';
  // What a class of statuses has too many, another one may have too few.
  if (/^[1-5]xx$/.test(what)) return traffic;
  const scrapes = targets.reduce((sum, one) => sum + one.scrapes.length + one.unreadScrapes - 1, 0);
  const least = surplus - lost;
  const isAbout = (count: number) => surplus >= count - targets.length && least <= count + targets.length;
  const scrapers = Array.from({ length: MOST_SCRAPERS }, (_, index) => index + 1);
  const found = scrapers.find((count) => isAbout(count * scrapes));
  if (scrapes < LEAST_SCRAPES || found === undefined) return traffic;
  const each = found === 1 ? 'one request' : `${formatCount(found)} requests`;
  return `${traffic}: about ${each} a scrape (${formatCount(scrapes)} scrapes), which may be Prometheus's own scrapes of /metrics; select the load by a label that these lack (as http_route, or the method), or leave /metrics out of the instrumentation`;
}
