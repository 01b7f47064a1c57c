import type { Io } from '../cli/io.ts';
import { type Candidate, type CandidateName, candidateNames, candidateTitles } from './candidates.ts';
import type { Generator } from './closed-loop.ts';
import { readCpuSeconds } from './cpu.ts';
import type { Limit } from './limit.ts';
import { timeScrapes } from './scrapes.ts';
import { type MeasuredText, shortPieces } from './texts.ts';

/** One measurement of one candidate in one round. */
export interface Sample {
  readonly answeredPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Texts per CPU second of the server's process; NaN if there is no /proc. */
  readonly textsPerCpuSecond: number;
  /** CPU time of the server's main thread per request: the cost of HTTP, JSON, metrics and logs. */
  readonly mainThreadMs: number;
  /** Requests without a successful response. */
  readonly bad: number;
}

/** The figures of each round, under a key that names what was measured. */
export type Series = Map<string, Sample[]>;

export interface Setting {
  readonly candidates: Readonly<Record<CandidateName, Candidate>>;
  readonly generate: Generator;
  readonly short: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly io: Io;
}

export const clientCounts = [1, 8, 64] as const;

/** Ranges of word pieces for grouping texts. */
export const lengths = [
  [1, 16],
  [17, 32],
  [33, 64],
  [65, 128],
  [129, 512],
] as const;

export const keyOf = (name: string, clients: number | string): string => `${name} ${clients}`;

async function measure(
  setting: Setting,
  name: CandidateName,
  clients: number,
  texts: readonly string[],
): Promise<Sample> {
  const { pid, url } = setting.candidates[name];
  const before = readCpuSeconds(pid);
  const { answered, ...figures } = await setting.generate({ url, texts, clients, seconds: setting.seconds });
  const after = readCpuSeconds(pid);
  await finish(url, texts[0]!);
  const used = (part: 'all' | 'mainThread') => (after?.[part] ?? Number.NaN) - (before?.[part] ?? 0);
  const textsPerCpuSecond = answered / used('all');
  return { ...figures, textsPerCpuSecond, mainThreadMs: (1000 * used('mainThread')) / answered };
}

const finishPatienceMs = 30_000;

/** Requests in flight when the load ended are still being inferred; they must not slow down the next candidate. */
async function finish(url: string, text: string): Promise<void> {
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
    signal: AbortSignal.timeout(finishPatienceMs),
  });
  await response.arrayBuffer();
}

function keep(series: Series, key: string, sample: Sample): void {
  series.set(key, [...(series.get(key) ?? []), sample]);
}

/** The order changes in each round, so that no candidate is always first or always follows the same candidate. */
export const turned = <T>(values: readonly T[], round: number): readonly T[] =>
  values.map((_, index) => values[(index + round) % values.length]!);

/** Measures all candidates at 1, 8 and 64 clients, and the limit, one after the other in every round. */
export async function compare(setting: Setting, limits: readonly Limit[]) {
  const series: Series = new Map();
  const limitSeries = limits.map(() => [] as { perSecond: number; perCpuSecond: number }[]);
  for (let round = 0; round < setting.rounds; round++) {
    setting.io.progress(`round ${round + 1} of ${setting.rounds}: candidates and limit in turn`);
    for (const [index, limit] of limits.entries())
      limitSeries[index]!.push(await limit.measure(setting.seconds));
    for (const clients of clientCounts) {
      for (const name of turned(candidateNames, round)) {
        keep(series, keyOf(name, clients), await measure(setting, name, clients, setting.short));
      }
    }
  }
  return { series, limitSeries };
}

/**
 * Metrics cost a few percent, which is less than the difference between rounds. This comparison therefore needs many
 * short rounds of only two servers, with and without metrics.
 */
const pairsARound = 4;

/** Measures the service alternately with and without metrics, at the highest number of clients. */
export async function compareMetrics(setting: Setting): Promise<Series> {
  const series: Series = new Map();
  const clients = clientCounts.at(-1)!;
  const short = { ...setting, seconds: Math.ceil(setting.seconds / 2) };
  const pairs = pairsARound * setting.rounds;
  setting.io.progress(`with and without metrics, ${pairs} times ${short.seconds} s each in turn`);
  for (let pair = 0; pair < pairs; pair++) {
    for (const name of turned(['ours', 'no-metrics'] as const, pair)) {
      keep(series, keyOf(name, clients), await measure(short, name, clients, setting.short));
    }
  }
  return series;
}

/** Compares this service with the conventional server at the highest number of clients, by text length. */
export async function compareLengths(setting: Setting, texts: readonly MeasuredText[]): Promise<Series> {
  const series: Series = new Map();
  for (let round = 0; round < setting.rounds; round++) {
    setting.io.progress(`round ${round + 1} of ${setting.rounds}: by length of the texts`);
    for (const [from, to] of lengths) {
      const chosen = texts.filter(({ pieces }) => pieces >= from && pieces <= to).map(({ text }) => text);
      for (const name of turned(['usual', 'ours'] as const, round)) {
        const sample = await measure(setting, name, clientCounts.at(-1)!, chosen);
        keep(series, keyOf(name, `${from}-${to}`), sample);
      }
    }
  }
  return series;
}

/** Measures requests to `/metrics` of this service under the load of 64 clients. */
export function scrapeUnderLoad(setting: Setting): Promise<readonly number[]> {
  setting.io.progress(`/metrics of ${candidateTitles.ours} under full load`);
  const { url } = setting.candidates.ours;
  const seconds = setting.seconds * setting.rounds;
  const clients = clientCounts.at(-1)!;
  return timeScrapes(url, () => setting.generate({ url, texts: setting.short, clients, seconds }));
}

export const isShort = ({ pieces }: MeasuredText): boolean => pieces <= shortPieces;
