import { check } from './check.ts';
import type { Precondition } from './model.ts';
import { countOf, formatCount } from './numbers.ts';
import type { TargetWindow } from './targets.ts';
import type { Frame } from './window.ts';

/** How many of the scrapes that were due in the window worked. */

const failedIn = (scrapes: TargetWindow['scrapes']) => scrapes.filter(({ ok }) => !ok).length;

export const failedWords = (scrapes: TargetWindow['scrapes']) => {
  const failed = failedIn(scrapes);
  return failed === 0 ? '' : `, ${formatCount(failed)} of them failed`;
};

/** The least share of the scrapes that were due which must have worked. */
const LEAST_WORKED = 0.5;

/** Two scrapes are enough to subtract; between them a restart, a gap or a fault would go unseen where most others failed. */
export function scrapesWorked({ targets }: Frame): Precondition {
  const id = 'scrapes-worked';
  if (targets.length === 0)
    return { id, ok: null, detail: 'Prometheus has no samples of the service around the window' };
  const counts = targets.map(({ name, scrapes, unreadScrapes, missedScrapes }) => {
    const due = scrapes.length + unreadScrapes + missedScrapes;
    return { name, due, worked: due - missedScrapes - failedIn(scrapes) };
  });
  const thin = counts.filter(({ due, worked }) => worked < LEAST_WORKED * due);
  if (thin.length === 0) {
    const sum = (key: 'due' | 'worked') => counts.reduce((all, one) => all + one[key], 0);
    return check(id, true, `${formatCount(sum('worked'))} of ${countOf(sum('due'), 'scrape')} worked`);
  }
  const told = thin.map(
    ({ name, due, worked }) => `${formatCount(worked)} of ${countOf(due, 'scrape')} of ${name}`,
  );
  return check(
    id,
    false,
    `only ${told.join(', ')} worked: fewer than half show too little of the window; find out why they failed (the target's page in Prometheus), and run again`,
  );
}
