import { seeded } from '../../slas/simulation/queues.ts';
import { percentile } from './figures.ts';
import { RawClient, requestBytes } from './raw-client.ts';

/** One measurement in open loop: requests are sent on schedule, whether or not earlier ones have received a response. */
export interface OpenLoop {
  readonly offeredPerSecond: number;
  /** Successful responses that arrived while requests were sent, after the first second, in which the queue fills. */
  readonly answeredPerSecond: number;
  readonly answered: number;
  readonly refused: number;
  /** Requests with another status than 200 or 503, or without a response. */
  readonly failed: number;
  readonly answeredP50Ms: number;
  readonly answeredP95Ms: number;
  readonly answeredP99Ms: number;
  /** Null if no request was refused. */
  readonly refusedP99Ms: number | null;
  /** How late the load generator itself was. Latencies count from the scheduled time, so they include this delay. */
  readonly lateP99Ms: number;
}

export interface OpenLoopOptions {
  readonly url: string;
  readonly texts: readonly string[];
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** Requests arrive at random times instead of at equal intervals. */
  readonly randomSeed?: number;
  readonly signal: AbortSignal;
}

/** The queue fills during this time; its responses do not count. */
export const settlingSeconds = 1;
const patienceMs = 30_000;

/** Sends requests on schedule. Each latency counts from the request's scheduled time. */
export async function runOpenLoop(options: OpenLoopOptions): Promise<OpenLoop> {
  const { url, texts, ratePerSecond, seconds, signal } = options;
  using client = new RawClient(url);
  const requests = texts.map((text) => requestBytes('/predict', JSON.stringify({ text })));
  const atMs = scheduleMs(options);
  const planned = atMs.length;
  const answeredMs: number[] = [];
  const refusedMs: number[] = [];
  const lateMs: number[] = [];
  let [failed, inTime, ended, sent] = [0, 0, 0, 0];
  const startMs = performance.now();
  const endMs = startMs + seconds * 1000;

  const finished = Promise.withResolvers<void>();
  const sendOne = (index: number) => {
    const dueMs = startMs + atMs[index]!;
    lateMs.push(performance.now() - dueMs);
    client.send(requests[index % requests.length]!, (outcome) => {
      const nowMs = performance.now();
      if (outcome === 200) {
        answeredMs.push(nowMs - dueMs);
        if (nowMs > startMs + settlingSeconds * 1000 && nowMs <= endMs) inTime += 1;
      } else if (outcome === 503) refusedMs.push(nowMs - dueMs);
      else failed += 1;
      if (++ended === planned) finished.resolve();
    });
  };
  const timer = setInterval(() => {
    while (sent < planned && atMs[sent]! <= performance.now() - startMs) sendOne(sent++);
    if (sent === planned || signal.aborted) clearInterval(timer);
  }, 1);
  const givenUp = setTimeout(finished.resolve, seconds * 1000 + patienceMs);
  await finished.promise;
  clearInterval(timer);
  clearTimeout(givenUp);
  signal.throwIfAborted();
  return {
    offeredPerSecond: ratePerSecond,
    answeredPerSecond: inTime / (seconds - settlingSeconds),
    answered: answeredMs.length,
    refused: refusedMs.length,
    failed: failed + planned - ended,
    answeredP50Ms: percentile(answeredMs, 50),
    answeredP95Ms: percentile(answeredMs, 95),
    answeredP99Ms: percentile(answeredMs, 99),
    refusedP99Ms: refusedMs.length === 0 ? null : percentile(refusedMs, 99),
    lateP99Ms: percentile(lateMs, 99),
  };
}

/** When each request is due, in milliseconds from the start. */
function scheduleMs({ ratePerSecond, seconds, randomSeed }: OpenLoopOptions): Float64Array {
  const random = randomSeed === undefined ? null : seeded(randomSeed);
  const atMs = Float64Array.from({ length: Math.floor(ratePerSecond * seconds) }, (_, index) =>
    random === null ? (1000 * index) / ratePerSecond : 1000 * seconds * random(),
  );
  return atMs.sort();
}
