import { setTimeout as sleep } from 'node:timers/promises';
import type { Plan, Series } from '../../slas/model/model.ts';
import { type Asker, endedIn, readSamples } from '../../slas/prometheus/http.ts';

/** Requests that a step left in the service's queue must not affect the next step. */

const POLL_MS = 250;
const LOOK_BACK_SECONDS = 120;
/** The wait is bounded, because the counter of a service with other clients never stops. */
const MAX_WAIT_MS = 60_000;

/**
 * Waits until the service has counted every request of the previous step: its request counter is then the same at two
 * scrapes after the load. Resolves to false if that does not happen in time.
 */
export async function awaitDrained(plan: Plan, endedSeconds: number, asker: Asker): Promise<boolean> {
  const { requests } = plan;
  if (requests === null) return true;
  const deadline = Date.now() + MAX_WAIT_MS;
  while (Date.now() < deadline) {
    const now = Date.now() / 1000;
    const { series, error } = await readSamples(requests, LOOK_BACK_SECONDS, now, asker);
    const moving = series.filter((one) => !standsStill(one, endedSeconds));
    // A replica that was removed counts nothing more.
    const isStill =
      moving.length < series.length && moving.length === (await endedIn(moving, requests, asker)).length;
    if (error === null && isStill) return true;
    await sleep(POLL_MS, undefined, { signal: asker.signal });
  }
  return false;
}

function standsStill({ samples }: Series, afterSeconds: number): boolean {
  const [before, last] = samples.filter(([at]) => at > afterSeconds).slice(-2);
  return last !== undefined && before !== undefined && before[1] === last[1];
}
