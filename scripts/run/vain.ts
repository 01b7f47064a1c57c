import type { Plan } from '../../slas/model/model.ts';
import { cannotPass, tooFewScrapes } from '../../slas/plan/cannot-pass.ts';
import type { Io } from '../cli/io.ts';

/** Warns of a run that cannot pass before its load is sent. The run goes on: it may still find a miss. */
export function warnIfInVain({ load, ...plan }: Plan, io: Io): void {
  if (load === null) return;
  for (const { message } of cannotPass({ load, ...plan }, load)) io.progress(`warning: ${message}`);
}

/** @param scrapeSeconds as Prometheus scraped the service before the load; null: not known yet */
export function warnIfScrapedTooRarely({ load, ...plan }: Plan, scrapeSeconds: number | null, io: Io): void {
  if (load === null || scrapeSeconds === null) return;
  for (const { message } of tooFewScrapes({ load, ...plan }, load, scrapeSeconds))
    io.progress(`warning: ${message}`);
}
