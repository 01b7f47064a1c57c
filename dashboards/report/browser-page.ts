import type { PageColours } from './browser-colours.ts';
import type { PageNumbers } from './browser-numbers.ts';
import type { ReportData } from './plot.ts';

/** Data that every part of the page's script uses (browser.ts). */
export interface Page {
  readonly data: ReportData;
  /** The Unix time of each step, in seconds. */
  readonly times: Float64Array;
  readonly numbers: PageNumbers;
  readonly colours: PageColours;
}

/** The values of one line; null at the steps where the line has no value. */
export type Values = readonly (number | null)[];
