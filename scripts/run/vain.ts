import type { Plan } from '../../slas/model/model.ts';
import { cannotPass, tooFewScrapes } from '../../slas/plan/cannot-pass.ts';
import type { Io } from '../cli/io.ts';

/** Warns, before the load is sent, of a run that cannot pass. The run continues: it may still find a missed objective. */
export function warnIfInVain(plan: Plan, io: Io): void {
  if (plan.load === null) return;
  for (const { message } of cannotPass(plan, plan.load)) io.progress(`warning: ${message}`);
}

/** @param scrapeSeconds Prometheus's scrape interval for the service, measured before the load; null: unknown so far */
export function warnIfScrapedTooRarely(plan: Plan, scrapeSeconds: number | null, io: Io): void {
  if (plan.load === null || scrapeSeconds === null) return;
  for (const { message } of tooFewScrapes(plan, plan.load, scrapeSeconds)) io.progress(`warning: ${message}`);
}
