import pMap from 'p-map';
import type { Downsampled, Evidence, Plan, PlannedAlerts, Reading, RunRecord } from '../model/model.ts';
import { type Answer, parseJson } from './answer.ts';
import { blocksOf, downsamplingOf, endOf, MARGIN, stretchesOf } from './downsampling.ts';
import { type Asker, askRange, type Range, readSamples, request, withoutSecrets } from './http.ts';
import { AGGREGATES, aggregateOfRange, roleOf, SERVER_TIME, seenWithin, selectorsOfPlan } from './promql.ts';
import { awaitAggregates, awaitArrival } from './wait.ts';

/** Reads the data of a window from a Prometheus-compatible server: raw samples, and aggregates where there are too many samples. */

/**
 * The maximum number of scrapes per series in one response: servers limit how many samples a query may touch.
 */
const MAX_SCRAPES_A_QUERY = 2_000;
/** An aggregate touches every scrape of its range, and up to one more per interval. */
const MAX_STEPS_A_QUERY = 20_000;
const AGGREGATE_TIMEOUT_MS = 60_000;
/**
 * Alerts last for minutes: this many steps show those of a day, and a shorter alert appears in the step after
 * it.
 */
const MAX_ALERT_STEPS = 600;
const RECORDED_STEPS = 4;
/** How many queries run at the same time: responses may be large. */
const FEW = { concurrency: 3 };

/**
 * Reads everything that is needed to judge a plan in a window. Waits for the samples that close it, with a
 * limit; does not wait if that time has passed.
 */
export async function collectEvidence(plan: Plan, run: RunRecord, asker: Asker): Promise<Evidence> {
  const { intervalSeconds, isTold, arrival } = await awaitArrival(plan, run, asker);
  const clock = await readClock(asker);
  // Without `up`, only the samples themselves show when a target was scraped, so all of them are needed.
  const thinned = isTold ? downsamplingOf(plan, run, intervalSeconds) : null;
  const unseen = thinned === null ? null : await awaitAggregates(plan, thinned, asker);
  const readings =
    thinned === null
      ? await readWhole(plan, run, intervalSeconds, asker)
      : await readDownsampled(plan, run, thinned, asker);
  return {
    schema: 'sla-harness/evidence/v1',
    prometheus: { url: withoutSecrets(asker.url) },
    ...(clock === null ? {} : { clock }),
    arrival: unseen === null ? arrival : { ...arrival, missing: [...arrival.missing, unseen] },
    ...(thinned === null ? {} : { thinned }),
    readings,
    // Alerts are read last, because the results of rules at the window's end are stored a moment later.
    ...(plan.alerts === undefined ? {} : { alerts: await readAlerts(plan.alerts, run, asker) }),
  };
}

/**
 * Which alerts were pending or firing at any time, and at a few times the results of the recording rules,
 * which show that rules exist.
 */
function readAlerts({ states, recorded }: PlannedAlerts, { window }: RunRecord, asker: Asker) {
  const { fromSeconds, toSeconds } = window;
  const seconds = toSeconds - fromSeconds;
  const stepOf = (most: number) => Math.max(1, Math.floor((seconds / most) * 1000) / 1000);
  const step = stepOf(MAX_ALERT_STEPS);
  const questions = [
    { selector: states, query: seenWithin(states, step), stepSeconds: step },
    { selector: recorded, query: recorded, stepSeconds: stepOf(RECORDED_STEPS) },
  ];
  return pMap(
    questions,
    async ({ selector, query, stepSeconds }): Promise<Reading> => {
      const answer = await askRange(query, { fromSeconds, toSeconds, stepSeconds }, asker);
      return { selector, query, atSeconds: toSeconds, first: { fromSeconds, stepSeconds }, ...answer };
    },
    FEW,
  );
}

function readWhole(plan: Plan, { window }: RunRecord, intervalSeconds: number, asker: Asker) {
  const around = MARGIN * intervalSeconds;
  const range = [window.fromSeconds - around, window.toSeconds + around] as const;
  const pieces = piecesOf([range], intervalSeconds);
  const questions = selectorsOfPlan(plan).flatMap((selector) => pieces.map((piece) => ({ selector, piece })));
  return pMap(
    questions,
    ({ selector, piece: [from, to] }) => readSamples(selector, to - from, to, asker),
    FEW,
  );
}

/**
 * Raw samples at the edges, where phases meet and in irregular blocks; aggregates of the rest. Counters of a
 * stable service need no irregular blocks: if anything goes wrong in between, their counts are not judged.
 */
async function readDownsampled(
  plan: Plan,
  { window }: RunRecord,
  thinned: Downsampled,
  asker: Asker,
): Promise<readonly Reading[]> {
  const around = MARGIN * thinned.intervalSeconds;
  const edges: readonly Stretch[] = [
    [window.fromSeconds - around, thinned.fromSeconds + around],
    [endOf(thinned, thinned.blocks) - around, window.toSeconds + around],
  ];
  const cuts = thinned.cutsAtSeconds.map((at): Stretch => [at - around, at + around]);
  const read = (selectors: readonly string[], stretches: readonly Stretch[]) =>
    pMap(
      selectors.flatMap((selector) =>
        piecesOf(stretches, thinned.intervalSeconds).map((piece) => ({ selector, piece })),
      ),
      ({ selector, piece: [from, to] }) => readSamples(selector, to - from, to, asker),
      FEW,
    );
  const isCounter = (selector: string) => ['counter', 'requests', 'native'].includes(roleOf(plan, selector));
  const selectors = selectorsOfPlan(plan);
  const looked = selectors.filter((selector) => !isCounter(selector));
  const counters = selectors.filter(isCounter);
  const askLooked = async () => {
    const first = [...(await read(looked, edges)), ...(await readAggregates(plan, looked, thinned, asker))];
    const irregular = stretchesOf(blocksOf(plan, first, thinned));
    const more = plan.replicas === 'elastic' ? selectors : looked;
    return [...first, ...(await read(more, irregular))];
  };
  // Aggregates of counters take longest, and depend on nothing else.
  const [digests, raw, seen] = await Promise.all([
    readAggregates(plan, counters, thinned, asker),
    read(counters, [...edges, ...cuts]),
    askLooked(),
  ]);
  return [...seen, ...raw, ...digests];
}

type Stretch = readonly [fromSeconds: number, toSeconds: number];

/** Reads long stretches in pieces, each within the limits of one query. Ranges are left-open, so a sample lies in exactly one of them. */
function piecesOf(stretches: readonly Stretch[], intervalSeconds: number): readonly Stretch[] {
  const most = MAX_SCRAPES_A_QUERY * intervalSeconds;
  return stretches.flatMap(([from, to]) =>
    Array.from(
      { length: Math.ceil((to - from) / most) },
      (_, index): Stretch => [from + index * most, Math.min(to, from + (index + 1) * most)],
    ),
  );
}

function readAggregates(plan: Plan, selectors: readonly string[], thinned: Downsampled, asker: Asker) {
  const { intervalSeconds, stepSeconds, blocks } = thinned;
  const last = endOf(thinned, blocks);
  const atOnce = Math.max(1, Math.floor((MAX_STEPS_A_QUERY * intervalSeconds) / stepSeconds));
  const starts = Array.from({ length: Math.ceil(blocks / atOnce) }, (_, index) => 1 + index * atOnce);
  const pieces = starts.map((start) => ({
    from: endOf(thinned, start),
    to: endOf(thinned, Math.min(blocks, start + atOnce - 1)),
  }));
  const questions = selectors.flatMap((selector) => {
    const { blocks: ofBlocks, whole } = AGGREGATES[roleOf(plan, selector)];
    return [
      ...ofBlocks.flatMap((digest) =>
        pieces.map((piece) => ({ selector, digest, seconds: stepSeconds, ...piece })),
      ),
      ...whole.map((digest) => ({
        selector,
        digest,
        seconds: last - thinned.fromSeconds,
        from: last,
        to: last,
      })),
    ];
  });
  return pMap(
    questions,
    async ({ selector, digest, seconds, from, to }): Promise<Reading> => {
      const query = aggregateOfRange(digest, selector, seconds, intervalSeconds);
      const patient = { queryTimeoutMs: AGGREGATE_TIMEOUT_MS, ...asker };
      const range = { fromSeconds: from, toSeconds: to, stepSeconds };
      const answer = asAsked(await askRange(query, range, patient), range);
      return { selector, query, atSeconds: to, digest, first: { fromSeconds: from, stepSeconds }, ...answer };
    },
    FEW,
  );
}

/** A server that rounds query times returns the values of other blocks than requested. */
function asAsked(answer: Answer, { fromSeconds, toSeconds, stepSeconds }: Range): Answer {
  const isAsked = (at: number) => {
    const steps = (at - fromSeconds) / stepSeconds;
    return Math.abs(steps - Math.round(steps)) * stepSeconds < 0.002 && at > fromSeconds - 0.002;
  };
  const irregular = answer.series
    .flatMap(({ samples }) => samples)
    .find(([at]) => !isAsked(at) || at > toSeconds + 0.002);
  if (irregular === undefined) return answer;
  const error = `the server returned a value for ${irregular[0]}, but was asked for every ${stepSeconds} s from ${fromSeconds} to ${toSeconds}: it rounds times`;
  return { series: [], warnings: answer.warnings, error };
}

/** Without an explicit time, a query is evaluated at the server's current time. */
async function readClock(asker: Asker): Promise<NonNullable<Evidence['clock']> | null> {
  const askedSeconds = Date.now() / 1000;
  const response = await request(asker, 'query', { query: SERVER_TIME });
  const answeredSeconds = Date.now() / 1000;
  if (!response.ok) return null;
  const { atSeconds, resolutionSeconds } = presentOf(parseJson(response.value.text));
  if (!Number.isFinite(atSeconds)) return null;
  return {
    aheadSeconds: atSeconds + resolutionSeconds / 2 - (askedSeconds + answeredSeconds) / 2,
    uncertaintySeconds: (answeredSeconds - askedSeconds + resolutionSeconds) / 2,
  };
}

/**
 * When a server evaluated `time()`. For a scalar, it is the value. A server that returns a vector
 * (VictoriaMetrics) evaluates at an earlier time, because it withholds its last seconds; the timestamp of the
 * result is the current time, in whole seconds.
 */
function presentOf(answered: unknown): { atSeconds: number; resolutionSeconds: number } {
  const result = (answered as { data?: { result?: unknown } } | null | undefined)?.data?.result;
  const [first, value] = Array.isArray(result) ? (result as unknown[]) : [];
  if (typeof first !== 'object') return { atSeconds: Number(value ?? Number.NaN), resolutionSeconds: 0 };
  const at = Number((first as { value?: [number, string] } | null)?.value?.[0] ?? Number.NaN);
  return { atSeconds: at, resolutionSeconds: Number.isInteger(at) ? 1 : 0 };
}
