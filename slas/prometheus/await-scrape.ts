import { setTimeout as sleep } from 'node:timers/promises';
import type { Series } from '../model/model.ts';
import { isBefore, LagMeter, spacingOf } from './arrival.ts';
import { MARGIN } from './downsampling.ts';
import { type Asker, endedIn, readSamples } from './http.ts';
import { DEFAULT_INTERVAL_SECONDS, POLL_MS } from './wait.ts';

/** Waits before a load until the server shows a scrape of every target. */

export interface Settled {
  /** Why there was no successful scrape. Set only if there was none. */
  readonly obstacle?: ScrapeObstacle;
  /** Whether every target was scraped successfully. */
  readonly isScraped: boolean;
  /** The longest delay of samples; null if none was seen. */
  readonly lagSeconds: number | null;
  readonly waitedSeconds: number;
  /** The time between two scrapes of a target; null if too few scrapes were seen. */
  readonly intervalSeconds: number | null;
}

/** Why there is no successful scrape yet. */
export type ScrapeObstacle = 'no-answer' | 'no-series' | 'failing' | 'not-yet' | 'ended';

export interface ScrapeWait {
  /** Whether it is certain that the wait would fail. */
  readonly isInVain?: () => Promise<boolean>;
  readonly waiting?: (obstacle: ScrapeObstacle) => void | Promise<void>;
  /** How many scrape intervals before a window are read as well: a target that ended must have no sample there. */
  readonly margin?: number;
}

/**
 * Resolves once every target of the selector was scraped successfully after a given time, or after
 * `patienceMs`, or earlier if every scrape of every target fails. Nothing counted before that scrape can be mistaken for later requests.
 */
export async function awaitScrapeAfter(
  up: string,
  afterSeconds: number,
  patienceMs: number,
  asker: Asker,
  { isInVain = async () => false, waiting = () => {}, margin = MARGIN }: ScrapeWait = {},
): Promise<Settled> {
  const startedMs = Date.now();
  const meter = new LagMeter();
  let look: Look = { series: [], intervalSeconds: null, obstacle: 'no-series' };
  while (Date.now() < startedMs + patienceMs && !(await isInVain())) {
    look = await lookAtScrapes({ up, afterSeconds, margin }, look.intervalSeconds, meter, asker);
    if (look.obstacle === null) break;
    await waiting(look.obstacle);
    if (isHopeless(look.series, afterSeconds, Date.now() / 1000)) break;
    await sleep(POLL_MS, undefined, { signal: asker.signal });
  }
  const { obstacle, intervalSeconds } = look;
  return {
    isScraped: obstacle === null,
    ...(obstacle === null ? {} : { obstacle }),
    lagSeconds: meter.lagSeconds,
    waitedSeconds: Math.round((Date.now() - startedMs) / 1000),
    intervalSeconds,
  };
}

interface Look {
  readonly series: readonly Series[];
  readonly intervalSeconds: number | null;
  /** null: every target was scraped, or ended long enough before. */
  readonly obstacle: ScrapeObstacle | null;
}

interface Awaited {
  readonly up: string;
  readonly afterSeconds: number;
  readonly margin: number;
}

/** Samples of a late batch are older than this time: they show how late it is. */
const LEARN_BACK_SECONDS = 60;

async function lookAtScrapes(
  { up, afterSeconds, margin }: Awaited,
  lastIntervalSeconds: number | null,
  meter: LagMeter,
  asker: Asker,
): Promise<Look> {
  const now = Date.now() / 1000;
  const marginSeconds = margin * (lastIntervalSeconds ?? DEFAULT_INTERVAL_SECONDS);
  const back = now - afterSeconds + Math.max(LEARN_BACK_SECONDS, marginSeconds);
  const { series, error } = await readSamples(up, back, now, asker);
  if (error === null) meter.see(series, Date.now() / 1000);
  const intervalSeconds = series.flatMap((one) => spacingOf(one) ?? []).toSorted((a, b) => b - a)[0] ?? null;
  const unscraped = series.filter((one) => !isScrapedAfter(one, afterSeconds));
  const isAnyScraped = unscraped.length < series.length;
  const ended = isAnyScraped ? await endedIn(unscraped, up, asker) : [];
  if (!isAnyScraped || ended.length < unscraped.length)
    return { series, intervalSeconds, obstacle: obstacleOf(series, error !== null) };
  // The interval is known only now, so the next query may have to look back further.
  const isReadWhole = margin * (intervalSeconds ?? 0) <= marginSeconds;
  const areOutside = isReadWhole && ended.every((one) => isBefore(one, now - marginSeconds));
  return { series, intervalSeconds, obstacle: areOutside ? null : 'ended' };
}

const isScrapedAfter = ({ samples }: Series, afterSeconds: number) =>
  samples.some(([at, value]) => at > afterSeconds && value === '1');

function obstacleOf(series: readonly Series[], isUnanswered: boolean): ScrapeObstacle {
  if (isUnanswered) return 'no-answer';
  if (series.length === 0) return 'no-series';
  return series.some(({ samples }) => samples.at(-1)?.[1] === '0') ? 'failing' : 'not-yet';
}

/** If every scrape fails for this long and this often, the service will not recover during the wait. */
const FAILING = { seconds: 15, scrapes: 3 };

const isHopeless = (series: readonly Series[], afterSeconds: number, nowSeconds: number) =>
  nowSeconds - afterSeconds >= FAILING.seconds &&
  series.length > 0 &&
  series.every(({ samples }) => {
    const since = samples.filter(([at]) => at > afterSeconds);
    return since.length >= FAILING.scrapes && since.every(([, value]) => value === '0');
  });
