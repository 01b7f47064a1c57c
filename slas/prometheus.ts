import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Evidence,
  Plan,
  Reading,
  RunRecord,
  RunSeries,
  Series,
  SeriesAnswer,
  SeriesQuery,
} from './model.ts';
import { rawSamples, SERVER_TIME, selectorsOfPlan } from './promql.ts';

/**
 * Asks a server of Prometheus's HTTP API. What is judged comes from `query` alone, always as raw samples: a range selector
 * as an instant query. An answer that does not come is data (a reading with an error), never an exception: it will be judged.
 */
export interface Asker {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly progress?: (line: string) => void;
  /** The longest that one query may take; 10 s by default. */
  readonly queryTimeoutMs?: number;
}

const QUERY_TIMEOUT_MS = 10_000;
const POLL_MS = 100;
/** The interval is looked for this far back, and taken to be this where it cannot be told. */
const LOOK_BACK_SECONDS = 300;
const USUAL_INTERVAL_SECONDS = 15;
/** How many intervals the closing scrape may take. */
const PATIENCE = 3;

/** Samples at either side of the window that make its edges and the interval visible. */
const MARGIN = 3;

// ---------------------------------------------------------------------------------------------- evidence

/**
 * Everything that judging a plan needs to know of a window. Waits for the scrape that closes it, at most three intervals
 * past its end, and not at all when that time is over.
 */
export async function collectEvidence(plan: Plan, run: RunRecord, asker: Asker): Promise<Evidence> {
  const { fromSeconds, toSeconds } = run.window;
  const intervalSeconds = await awaitClosingScrape(plan, run, asker);
  const start = fromSeconds - MARGIN * intervalSeconds;
  const atSeconds = toSeconds + MARGIN * intervalSeconds;
  const ask = (selector: string) =>
    readSamples(selector, rawSamples(selector, atSeconds - start), atSeconds, asker);
  const clock = await readClock(asker);
  return {
    schema: 'sla-harness/evidence/v1',
    prometheus: { url: withoutSecrets(asker.url) },
    ...(clock === null ? {} : { clock }),
    readings: await Promise.all(selectorsOfPlan(plan).map(ask)),
  };
}

/** Without a time of its own, a query is evaluated at the server's present. */
async function readClock(asker: Asker): Promise<NonNullable<Evidence['clock']> | null> {
  const askedSeconds = Date.now() / 1000;
  const body = await request(asker, 'query', { query: SERVER_TIME });
  const answeredSeconds = Date.now() / 1000;
  if (typeof body === 'string') return null;
  const [, value] =
    (parseJson(body.text) as { data?: { result?: [number, string] } } | null)?.data?.result ?? [];
  const serverSeconds = Number(value ?? Number.NaN);
  if (!Number.isFinite(serverSeconds)) return null;
  return {
    aheadSeconds: serverSeconds - (askedSeconds + answeredSeconds) / 2,
    uncertaintySeconds: (answeredSeconds - askedSeconds) / 2,
  };
}

/** Resolves to the longest scrape interval among the targets once each has a scrape at or after the window's end. */
async function awaitClosingScrape(plan: Plan, run: RunRecord, asker: Asker): Promise<number> {
  const { fromSeconds, toSeconds } = run.window;
  for (let told = false; ; told = true) {
    const now = Date.now() / 1000;
    // Of a window long past only its surroundings are asked for, not all that was scraped since.
    const at = Math.min(Math.max(now, toSeconds), toSeconds + LOOK_BACK_SECONDS);
    const back = at - fromSeconds + LOOK_BACK_SECONDS;
    const reading = await readSamples(plan.up, rawSamples(plan.up, back), at, asker);
    const intervalSeconds = longestInterval(reading.series);
    const closed = reading.series.every(({ samples }) => samples.some(([at]) => at >= toSeconds));
    const overdue = Date.now() / 1000 > toSeconds + PATIENCE * intervalSeconds;
    if (closed || overdue || reading.error !== null) return intervalSeconds;
    if (!told)
      asker.progress?.(
        `waiting for the scrape that closes the window (interval ${intervalSeconds.toFixed(1)} s)`,
      );
    await sleep(POLL_MS, undefined, { signal: asker.signal });
  }
}

function longestInterval(series: readonly Series[]): number {
  const intervals = series.flatMap(({ samples }) => {
    const gaps = samples.slice(1).map(([at], index) => at - samples[index]![0]);
    return gaps.length === 0 ? [] : [gaps.sort((a, b) => a - b)[Math.floor((gaps.length - 1) / 2)]!];
  });
  return intervals.length === 0 ? USUAL_INTERVAL_SECONDS : Math.max(...intervals);
}

/**
 * Resolves to true once every target of the selector was scraped, with success, after a moment; to false when `patienceMs`
 * are over. Nothing counted before that scrape can be mistaken for what comes after it.
 */
export async function awaitScrapeAfter(
  up: string,
  afterSeconds: number,
  patienceMs: number,
  asker: Asker,
  isInVain: () => Promise<boolean> = async () => false,
): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline && !(await isInVain())) {
    const now = Date.now() / 1000;
    const { series } = await readSamples(up, rawSamples(up, now - afterSeconds + 1), now, asker);
    const scraped = ({ samples }: Series) =>
      samples.some(([at, value]) => at > afterSeconds && value === '1');
    if (series.length > 0 && series.every(scraped)) return true;
    await sleep(POLL_MS, undefined, { signal: asker.signal });
  }
  return false;
}

// ---------------------------------------------------------------------------------------------- series

/** A server may have a limit of queries at once; ours has 20. */
const AT_ONCE = 10;

/**
 * The course of a run: each query at every step of the window (`query_range`), or once at its end. Never throws because of
 * an answer: what could not be asked has its error.
 */
export async function collectSeries(
  queries: readonly SeriesQuery[],
  window: RunSeries['window'],
  asker: Asker,
): Promise<RunSeries> {
  const answers = new Array<SeriesAnswer>(queries.length);
  const waiting = queries.entries();
  const work = async () => {
    for (const [index, query] of waiting) answers[index] = await askSeries(query, window, asker);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { schema: 'sla-harness/series/v1', window, answers };
}

async function askSeries(
  query: SeriesQuery,
  { fromSeconds, toSeconds, stepSeconds }: RunSeries['window'],
  asker: Asker,
): Promise<SeriesAnswer> {
  const at = (seconds: number) => seconds.toFixed(3);
  const isRange = query.over === 'time';
  const skipped = Math.ceil(query.settledAfterSeconds / stepSeconds);
  const answered = isRange
    ? await request(asker, 'query_range', {
        query: query.query,
        start: at(fromSeconds + skipped * stepSeconds),
        end: at(toSeconds),
        step: at(stepSeconds),
      })
    : await request(asker, 'query', { query: query.query, time: at(toSeconds) });
  const read =
    typeof answered === 'string'
      ? silent(answered)
      : readAnswer(answered.status, answered.text, isRange ? 'matrix' : 'vector');
  const stepOf = (seconds: number) => (isRange ? Math.round((seconds - fromSeconds) / stepSeconds) : 0);
  const steps = isRange ? Math.floor((toSeconds - fromSeconds) / stepSeconds + 1e-6) + 1 : 1;
  return {
    ...query,
    series: read.series.map(({ labels, samples }) => ({ labels, values: column(samples, steps, stepOf) })),
    warnings: read.warnings,
    error: read.error,
  };
}

function column(samples: Series['samples'], steps: number, stepOf: (seconds: number) => number): string {
  const values = new Array<string>(steps).fill('-');
  for (const [at, value] of samples) {
    const number = Number(value);
    if (Number.isFinite(number)) values[stepOf(at)] = String(Number(number.toPrecision(7)));
  }
  return values.join(' ');
}

// ---------------------------------------------------------------------------------------------- the HTTP API

async function readSamples(
  selector: string,
  query: string,
  atSeconds: number,
  asker: Asker,
): Promise<Reading> {
  const at = Number(atSeconds.toFixed(3));
  const answered = await ask(query, at, asker);
  return { selector, query, atSeconds: at, ...answered };
}

type Answer = Pick<Reading, 'series' | 'warnings' | 'error'>;

const silent = (error: string): Answer => ({ series: [], warnings: [], error });

async function ask(query: string, atSeconds: number, asker: Asker): Promise<Answer> {
  const answered = await request(asker, 'query', { query, time: String(atSeconds) });
  return typeof answered === 'string' ? silent(answered) : readAnswer(answered.status, answered.text);
}

/** What the server says to a query, or why it says nothing. Aborting throws. */
async function request(
  { url, signal, queryTimeoutMs = QUERY_TIMEOUT_MS }: Asker,
  path: 'query' | 'query_range',
  parameters: Record<string, string>,
): Promise<{ readonly status: number; readonly text: string } | string> {
  try {
    const { endpoint, headers } = queryEndpoint(url, path);
    endpoint.search = new URLSearchParams(parameters).toString();
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(queryTimeoutMs)]);
    const response = await fetch(endpoint, { headers, signal: bounded });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    signal.throwIfAborted();
    return `${withoutSecrets(url)} did not answer: ${causeOf(error, queryTimeoutMs)}`;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readAnswer(status: number, body: string, expected: 'matrix' | 'vector' = 'matrix'): Answer {
  const what = expected === 'matrix' ? 'raw samples' : 'one value a series';
  const answer = parseJson(body) as ApiAnswer | null | undefined;
  if (answer === undefined) return silent(`status ${status}, and no JSON: ${body.slice(0, 120)}`);
  if (answer?.status !== 'success') return silent(`status ${status}: ${answer?.error ?? body.slice(0, 120)}`);
  if (answer.data?.resultType !== expected)
    return silent(`expected ${what}, got ${answer.data?.resultType ?? 'nothing'}`);
  const { result } = answer.data;
  if (!Array.isArray(result) || !result.every(isSeries))
    return silent(`expected ${what}, got ${JSON.stringify(result).slice(0, 120)}`);
  return {
    series: result.map(({ metric, values, value }) => ({
      labels: metric,
      samples: values ?? (value === undefined ? [] : [value]),
    })),
    warnings: [...(answer.warnings ?? []), ...(answer.infos ?? [])],
    error: null,
  };
}

/** A server that only resembles Prometheus must not have a null of its own read as 0. */
const isSeries = (one: ApiSeries) =>
  typeof one?.metric === 'object' &&
  one.metric !== null &&
  !('histograms' in one) &&
  [...(one.values ?? []), ...(one.value === undefined ? [] : [one.value])].every(
    ([at, value]) => Number.isFinite(at) && typeof value === 'string',
  );

interface ApiAnswer {
  readonly status: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
  readonly data?: {
    readonly resultType: string;
    readonly result: readonly ApiSeries[];
  };
}

interface ApiSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [number, string])[];
  readonly value?: readonly [number, string];
}

/** A user and password in the address go into a header: fetch refuses them in the address. */
function queryEndpoint(url: string, path: string): { endpoint: URL; headers: Record<string, string> } {
  const base = new URL(url.endsWith('/') ? url : `${url}/`);
  const endpoint = new URL(`api/v1/${path}`, base);
  const { username, password } = base;
  endpoint.username = '';
  endpoint.password = '';
  if (username === '') return { endpoint, headers: {} };
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { endpoint, headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } };
}

/** An address without user, password and query: fit to be written down. */
export function withoutSecrets(url: string): string {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.search = '';
  return bare.href;
}

function causeOf(error: unknown, queryTimeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${queryTimeoutMs / 1000} s`;
  const cause = error.cause as { code?: string; message?: string } | undefined;
  return cause?.code ?? cause?.message ?? error.message;
}
