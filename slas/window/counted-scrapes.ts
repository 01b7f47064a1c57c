import { allResponses } from '../client/requests.ts';
import type { Plan, RunRecord } from '../model/model.ts';
import { total } from './increases.ts';
import { countIncreases, type Frame } from './window.ts';

/**
 * A service may count the scrapes of its metrics as requests. If the document says that scrapes are the only other requests, and the
 * numbers agree, the client still knows every request that the service counted.
 */
export interface CountedScrapes {
  /** The number of requests that the service counted. */
  readonly counted: number;
  /** The number of counted requests beyond the client's responses and the scrapes; below 0 if fewer were counted. */
  readonly beyond: number;
}

/**
 * null if the numbers differ by more than one scrape of each target and the client's unanswered requests. Other requests may then make up
 * for missing ones.
 */
export function countedScrapes(
  { requests, countsScrapes }: Plan,
  { load }: RunRecord,
  frame: Frame,
): CountedScrapes | null {
  if (countsScrapes !== true || load === null || !load.completed || requests === null) return null;
  const counts = countIncreases(requests, frame, 'zero');
  if (!counts.ok) return null;
  const near = frame.targets.length;
  const counted = total(counts.value);
  const beyond = counted - allResponses(load) - scrapesBetween(frame);
  return beyond >= -near && beyond <= near + load.lost ? { counted, beyond } : null;
}

/** The maximum number of scrapes among the counted requests: the known scrapes, and those at the edges. */
export const mayBeScrapes = (frame: Frame): number => scrapesBetween(frame) + frame.targets.length;

/** The number of scrapes that were counted between the two scrapes at the edges. Each scrape is counted after its response. */
export const scrapesBetween = ({ targets }: Pick<Frame, 'targets'>): number =>
  targets.reduce((sum, { scrapes, unreadScrapes }) => sum + scrapes.length + unreadScrapes - 1, 0);
