import { setTimeout as sleep } from 'node:timers/promises';
import type { Arrival, Downsampled, Missing, Plan, RunRecord, Series } from '../model/model.ts';
import {
  type Bound,
  boundOf,
  closingOf,
  goneTargets,
  isBefore,
  LagMeter,
  missingAtEnd,
  missingSamples,
  missingScrapes,
  spacingOf,
} from './arrival.ts';
import { MARGIN } from './downsampling.ts';
import { type Asker, askRange, endedIn, readSamples } from './http.ts';
import { sampleTimes, selectorsOfPlan } from './promql.ts';

/** Waits until a server shows its data of a window. It waits for data and not for a fixed time, and always with a limit. */

export const POLL_MS = 100;
/** How far back to look for the scrape interval, and the interval to assume if it is unknown. */
const LOOK_BACK_SECONDS = 300;
export const DEFAULT_INTERVAL_SECONDS = 15;
/** At most this many missing series are listed. */
const MAX_LISTED = 5;

export interface Awaited {
  readonly intervalSeconds: number;
  /** Whether `up` has series. */
  readonly isTold: boolean;
  readonly arrival: Arrival;
}

/**
 * Resolves once every target has a scrape at or after the window's end, every known series has a sample of
 * that scrape, and the server's lag has passed. (A series that began in the last scrape may arrive last.)
 * At the limit, resolves with what is missing.
 */
export async function awaitArrival(plan: Plan, run: RunRecord, asker: Asker): Promise<Awaited> {
  const { toSeconds } = run.window;
  const meter = new LagMeter(asker.lagSeconds ?? null);
  const learnedBefore = asker.lagSeconds ?? null;
  const startedSeconds = Date.now() / 1000;
  for (let isFirst = true; ; isFirst = false) {
    const { up, error, nowSeconds } = await lookAtUp(plan, run, asker);
    // A failed query shows no samples, so the samples of the next query are not new.
    if (error === null) meter.see(up, nowSeconds);
    const intervalSeconds = longestInterval(up);
    const learned = learnedBefore === null ? null : meter.lagSeconds;
    const bound = boundOf(asker.ingestDelaySeconds, learned, intervalSeconds);
    const done = (missing: readonly Missing[]): Awaited => ({
      intervalSeconds,
      isTold: up.length > 0,
      arrival: arrivalOf(missing, bound, meter, startedSeconds),
    });
    const isOverdue = nowSeconds > toSeconds + bound.boundSeconds;
    // If a server returns nothing, or the window is long past, there is nothing to wait for.
    if (error !== null) return done([]);
    const missing = await missingNow(
      plan,
      run.window,
      up,
      { intervalSeconds, bound, meter, isOverdue },
      asker,
    );
    const isSettled = missing.length === 0 && nowSeconds >= settledAt(up, toSeconds, meter);
    if (isSettled || isOverdue) return done(missing);
    if (isFirst) asker.progress?.(reportWait(intervalSeconds, bound));
    await sleep(POLL_MS, undefined, { signal: asker.signal });
  }
}

interface State {
  readonly intervalSeconds: number;
  readonly bound: Bound;
  readonly meter: LagMeter;
  readonly isOverdue: boolean;
}

async function missingNow(
  plan: Plan,
  { fromSeconds, toSeconds }: RunRecord['window'],
  up: readonly Series[],
  { intervalSeconds, bound, meter, isOverdue }: State,
  asker: Asker,
): Promise<readonly Missing[]> {
  const gone =
    plan.replicas === 'elastic'
      ? goneTargets(up, intervalSeconds, meter.lagSeconds)
      : await endedBefore(fromSeconds, intervalSeconds, up, plan, asker);
  const present = up.filter((one) => !gone.includes(one));
  const unscraped = missingScrapes(present, toSeconds);
  if (unscraped.length > 0 || (isOverdue && up.length > 0)) return unscraped;
  const back = Math.max(
    WAIT_BACK_INTERVALS * intervalSeconds,
    Math.min(bound.boundSeconds, LOOK_BACK_SECONDS),
  );
  const selectors = selectorsOfPlan(plan).filter((one) => one !== plan.up && one !== plan.lag);
  const nowSeconds = Date.now() / 1000;
  const tails = await Promise.all(
    selectors.map((one) => readSamples(one, nowSeconds - toSeconds + back, nowSeconds, asker)),
  );
  const isEmpty = up.length === 0 && tails.every(({ series }) => series.length === 0);
  // A selector that matches nothing is not waited for, unless the user says that samples are late.
  if (isEmpty && asker.ingestDelaySeconds !== undefined)
    return [{ kind: 'sample', what: `a sample of ${plan.up}`, newestSeconds: null }];
  return up.length === 0
    ? missingAtEnd(tails, toSeconds)
    : missingSamples(present, tails, toSeconds, intervalSeconds);
}

/**
 * Replicas that ended before the first sample that is read for the window, for example because the service was scaled down. The server is asked for
 * their values at the start of the window: after the window, samples that are only late may be too old to be a value.
 */
async function endedBefore(
  fromSeconds: number,
  intervalSeconds: number,
  up: readonly Series[],
  plan: Plan,
  asker: Asker,
) {
  const old = up.filter((one) => isBefore(one, fromSeconds - MARGIN * intervalSeconds));
  return old.length === up.length ? [] : await endedIn(old, plan.up, asker, fromSeconds);
}

const WAIT_BACK_INTERVALS = 3;

/** Series of the closing scrapes may take as long as the longest delay that was seen. */
const settledAt = (up: readonly Series[], toSeconds: number, { lagSeconds }: LagMeter) =>
  Math.max(...up.map((one) => closingOf(one, toSeconds)?.[0] ?? 0), 0) + (lagSeconds ?? 0);

function arrivalOf(
  missing: readonly Missing[],
  { boundSeconds, boundBy }: Bound,
  { lagSeconds }: LagMeter,
  startedSeconds: number,
): Arrival {
  const rounded = (seconds: number) => Math.round(seconds * 1000) / 1000;
  return {
    lagSeconds: lagSeconds === null ? null : rounded(lagSeconds),
    waitedSeconds: rounded(Date.now() / 1000 - startedSeconds),
    boundSeconds: rounded(boundSeconds),
    boundBy,
    missing: missing.slice(0, MAX_LISTED),
  };
}

const reportWait = (intervalSeconds: number, { boundSeconds }: Bound) =>
  `waiting for the samples that close the window (scraped every ${intervalSeconds.toFixed(1)} s), for at most ${boundSeconds.toFixed(0)} s (--ingest-delay)`;

/**
 * Some servers withhold the last seconds from functions, and repeat an older value with a newer time instead.
 * Waits until a function over `up` sees the true last sample at the end of the aggregates. Resolves with what
 * is missing.
 */
export async function awaitAggregates(
  plan: Plan,
  { fromSeconds, stepSeconds, blocks, intervalSeconds }: Downsampled,
  asker: Asker,
): Promise<Missing | null> {
  const last = Number((fromSeconds + blocks * stepSeconds).toFixed(3));
  // The delay of functions is not part of the lag of samples.
  const { boundSeconds } = boundOf(asker.ingestDelaySeconds, null, intervalSeconds);
  for (let isFirst = true; ; isFirst = false) {
    const missing = await aggregatesMissing(plan, last, stepSeconds, intervalSeconds, asker);
    if (missing === null || Date.now() / 1000 > last + boundSeconds) return missing;
    if (isFirst)
      asker.progress?.(
        `waiting until the server's PromQL functions see the last samples, for at most ${boundSeconds.toFixed(0)} s (--ingest-delay)`,
      );
    await sleep(5 * POLL_MS, undefined, { signal: asker.signal });
  }
}

/** Sample times are in milliseconds. */
const SAME_SECONDS = 0.01;

async function aggregatesMissing(
  plan: Plan,
  atSeconds: number,
  stepSeconds: number,
  intervalSeconds: number,
  asker: Asker,
): Promise<Missing | null> {
  const range = { fromSeconds: atSeconds, toSeconds: atSeconds, stepSeconds };
  const [raw, seen] = await Promise.all([
    readSamples(plan.up, 1.5 * intervalSeconds, atSeconds, asker),
    askRange(sampleTimes(plan.up), range, asker),
  ]);
  // If a server does not have the function, this check is skipped.
  if (raw.error !== null || seen.error !== null) return null;
  const times = new Set(seen.series.flatMap(({ samples }) => samples.map(([, value]) => Number(value))));
  const unseen = raw.series.find(
    ({ samples }) =>
      samples.length > 0 && ![...times].some((time) => Math.abs(time - samples.at(-1)![0]) <= SAME_SECONDS),
  );
  const newest = Math.max(...times);
  return unseen === undefined
    ? null
    : {
        kind: 'aggregates',
        what: `the server's functions over ${plan.up} at ${atSeconds}`,
        newestSeconds: Number.isFinite(newest) ? newest : null,
      };
}

async function lookAtUp(plan: Plan, { window }: RunRecord, asker: Asker) {
  const { fromSeconds, toSeconds } = window;
  const now = Date.now() / 1000;
  // For a window long past, only its surroundings are read, not everything scraped since.
  const at = Math.min(Math.max(now, toSeconds), toSeconds + LOOK_BACK_SECONDS);
  const back = at - Math.max(fromSeconds, toSeconds - LOOK_BACK_SECONDS) + LOOK_BACK_SECONDS;
  const { series, error } = await readSamples(plan.up, back, at, asker);
  return { up: series, error, nowSeconds: Date.now() / 1000 };
}

function longestInterval(series: readonly Series[]): number {
  const intervals = series.flatMap((one) => spacingOf(one) ?? []);
  return intervals.length === 0 ? DEFAULT_INTERVAL_SECONDS : Math.max(...intervals);
}
