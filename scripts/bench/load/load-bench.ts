import { median, medianBounds, ratios } from '../figures.ts';
import { highestStep } from '../highest-step.ts';
import {
  type GeneratorName,
  generatorNames,
  generatorTitles,
  type LoadSample,
  measureLoad,
  type Place,
} from './measure.ts';

/**
 * Measures the overhead of the harness over k6: plain k6 and the harness take turns to send the same requests on one
 * machine.
 */

export interface LoadBenchOptions {
  readonly rounds: number;
  readonly seconds: number;
}

export interface LoadBench extends LoadBenchOptions {
  readonly atRate: Readonly<Record<GeneratorName, readonly LoadSample[]>>;
  /** Requests per second that were sent on time without a dropped iteration, one value per round. */
  readonly highest: Readonly<Record<GeneratorName, readonly number[]>>;
}

export const RATE_PER_SECOND = 1_000;
const VIRTUAL_USERS_PER_RATE = 0.2;

export async function benchLoad(options: LoadBenchOptions, place: Place): Promise<LoadBench> {
  const atRate = empty<LoadSample>();
  const highest = empty<number>();
  for (let round = 0; round < options.rounds; round++) {
    for (const name of turned(round)) {
      place.io.progress(`round ${round + 1} of ${options.rounds}: ${generatorTitles[name]}`);
      atRate[name].push(await measureAt(name, RATE_PER_SECOND, options.seconds, place));
    }
    for (const name of turned(round)) highest[name].push(await highestRate(name, options.seconds, place));
  }
  return { ...options, atRate, highest };
}

const empty = <T>() =>
  Object.fromEntries(generatorNames.map((name) => [name, [] as T[]])) as Record<GeneratorName, T[]>;

/** Each round starts with a different load, so that none always runs on the warmest machine. */
const turned = (round: number) =>
  generatorNames.map((_, index) => generatorNames[(index + round) % generatorNames.length]!);

const measureAt = (name: GeneratorName, ratePerSecond: number, seconds: number, place: Place) =>
  measureLoad(
    name,
    { ratePerSecond, seconds, virtualUsers: Math.ceil(ratePerSecond * VIRTUAL_USERS_PER_RATE) },
    place,
  );

/** With more, the client would measure its own delay, as in the precondition `generator-on-time`. */
const MAX_LATE_MS = 100;
const isOnTime = ({ dropped, lateP99Ms }: LoadSample) => dropped === 0 && (lateP99Ms ?? 0) <= MAX_LATE_MS;

/** Steps of 12% from 500/s to about 12,000/s. */
const STEPS = Array.from({ length: 29 }, (_, step) => Math.round(500 * 1.12 ** step));

const highestRate = (name: GeneratorName, seconds: number, place: Place): Promise<number> =>
  highestStep(STEPS, async (ratePerSecond) => {
    const sample = await measureAt(name, ratePerSecond, seconds, place);
    const outcome = isOnTime(sample)
      ? 'on time'
      : `${sample.dropped} dropped, ${sample.lateP99Ms?.toFixed(0) ?? '–'} ms late`;
    place.io.progress(`  ${generatorTitles[name]} at ${ratePerSecond}/s: ${outcome}`);
    return isOnTime(sample);
  });

export interface LoadTarget {
  readonly what: string;
  readonly limit: string;
  readonly value: number;
  /** Bounds of the median, with at least 90% confidence; null with fewer than five rounds. */
  readonly bounds: readonly [number, number] | null;
  readonly met: boolean;
}

/** The targets of the load generator, each a ratio within one round. */
export function loadTargets({ atRate, highest }: LoadBench): readonly LoadTarget[] {
  return (['script', 'library'] as const).flatMap((name) => {
    const per = (read: (sample: LoadSample) => number) =>
      ratios(atRate[name].map(read), atRate.plain.map(read));
    const of = (
      what: string,
      limit: string,
      values: readonly number[],
      isMet: (value: number) => boolean,
    ) => ({
      what: `${generatorTitles[name]}: ${what}`,
      limit,
      value: median(values),
      bounds: medianBounds(values),
      met: isMet(median(values)),
    });
    return [
      of(
        'CPU of k6 per request, × plain',
        '≤ 1.5',
        per((one) => one.cpuMicrosPerRequest),
        (value) => value <= 1.5,
      ),
      of(
        'peak memory of k6, × plain',
        '≤ 1.5',
        per((one) => one.memoryMb),
        (value) => value <= 1.5,
      ),
      of(
        'highest rate on time, × plain',
        '≥ 0.75',
        ratios(highest[name], highest.plain),
        (value) => value >= 0.75,
      ),
      of(
        'CPU of the harness itself, cores',
        '< 0.1',
        atRate[name].map((one) => one.harnessCores!),
        (value) => value < 0.1,
      ),
      of(
        'runs whose record differs from k6’s summary',
        '0',
        [atRate[name].filter((one) => one.isExact !== true).length],
        (value) => value === 0,
      ),
    ];
  });
}

const number = (value: number, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Markdown, which docs can include unchanged. */
export function renderLoadBench(bench: LoadBench): string {
  const { atRate, highest, rounds, seconds } = bench;
  const rows = generatorNames.map((name) => {
    const of = (read: (sample: LoadSample) => number) => median(atRate[name].map(read));
    const late = atRate[name].flatMap(({ lateP99Ms }) => lateP99Ms ?? []);
    return `| ${generatorTitles[name]} | ${number(of((one) => one.cpuMicrosPerRequest))} µs | ${number(of((one) => one.memoryMb))} MB | ${late.length === 0 ? '–' : `${number(median(late), 1)} ms`} | ${number(median(highest[name]))}/s |`;
  });
  const targets = loadTargets(bench).map(
    ({ what, limit, value, bounds, met }) =>
      `| ${met ? '✓' : '✗'} | ${what} | ${limit} | ${number(value, 3)} | ${bounds === null ? '–' : bounds.map((one) => number(one, 3)).join(' to ')} |`,
  );
  return [
    `${RATE_PER_SECOND.toLocaleString('en-US')} requests/s for ${seconds} s, medians of ${rounds} rounds\n`,
    '| | CPU of k6 per request | peak memory of k6 | 99% of starts within | highest rate on time |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    '| | target | limit | median | bounds |',
    '| --- | --- | ---: | ---: | ---: |',
    ...targets,
    '',
  ].join('\n');
}
