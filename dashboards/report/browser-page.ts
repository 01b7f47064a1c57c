import type { PageColours } from './browser-colours.ts';
import type { PageNumbers } from './browser-numbers.ts';
import type { ReportData } from './plot.ts';

/** What every part of the page's script works with (browser.ts). */
export interface Page {
  readonly data: ReportData;
  /** The Unix time of each step, in seconds. */
  readonly times: Float64Array;
  readonly numbers: PageNumbers;
  readonly colours: PageColours;
}

/** The values of one line, or null at the steps where it has none. */
export type Values = readonly (number | null)[];
