import type { SlaDocument } from '../../slas/model/model.ts';
import { formatValue } from '../../slas/render/numbers.ts';
import type { Io } from '../cli/io.ts';
import { median, medianBounds } from './figures.ts';
import { highestStep } from './highest-step.ts';
import { type OpenLoop, runOpenLoop } from './open-loop.ts';

/**
 * The highest rate at which the service meets the latencies and the error rate of its SLA, found without k6, Prometheus and statistics: an independent
 * check of `./sla capacity`. Requests arrive at random, as in most scenarios.
 */

export interface CapacityBench {
  /** The highest rate of each round that met every limit; 0 if none did. */
  readonly highestPerSecond: readonly number[];
  readonly median: number;
  /** Bounds of the median, with at least 90% confidence; null with fewer than five rounds. */
  readonly bounds: readonly [number, number] | null;
}

export interface CapacityBenchOptions {
  readonly url: string;
  readonly texts: readonly string[];
  readonly limits: Limits;
  readonly rounds: number;
  readonly seconds: number;
}

export interface Limits {
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly failedShare: number;
}

/** The limits of the objectives that apply to every scenario. */
export function limitsOf({ objectives }: SlaDocument): Limits {
  const every = objectives.filter(({ onlyWhereNamed }) => onlyWhereNamed !== true);
  const latencyMs = (percentile: number) =>
    1000 *
    Math.min(
      ...every.flatMap(({ measure, target }) =>
        measure.kind === 'latency' && measure.percentile === percentile ? [target.value] : [],
      ),
    );
  const ratios = every.flatMap(({ measure, target }) => (measure.kind === 'ratio' ? [target.value] : []));
  return { p95Ms: latencyMs(95), p99Ms: latencyMs(99), failedShare: Math.min(1, ...ratios) };
}

export const isWithin = (
  { answered, refused, failed, answeredP95Ms, answeredP99Ms }: OpenLoop,
  { p95Ms, p99Ms, failedShare }: Limits,
): boolean =>
  answeredP95Ms < p95Ms &&
  answeredP99Ms < p99Ms &&
  refused + failed < failedShare * (answered + refused + failed);

/** Steps of 4% from 10/s to about 10,000/s. */
const STEPS = Array.from({ length: 177 }, (_, step) => Math.round(10 * 1.04 ** step));

export async function benchCapacity(options: CapacityBenchOptions, io: Io): Promise<CapacityBench> {
  const highestPerSecond: number[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    io.progress(`round ${round} of ${options.rounds}`);
    highestPerSecond.push(await highestRate(options, round, io));
  }
  return { highestPerSecond, median: median(highestPerSecond), bounds: medianBounds(highestPerSecond) };
}

function highestRate(options: CapacityBenchOptions, round: number, io: Io): Promise<number> {
  const { url, texts, seconds, limits } = options;
  return highestStep(STEPS, async (ratePerSecond) => {
    const found = await runOpenLoop({
      ...{ url, texts, ratePerSecond, seconds },
      ...{ randomSeed: 1000 * round + STEPS.indexOf(ratePerSecond), signal: io.signal },
    });
    const isMet = isWithin(found, limits);
    const figures = `p95 ${found.answeredP95Ms.toFixed(0)} ms, p99 ${found.answeredP99Ms.toFixed(0)} ms, ${found.refused + found.failed} failed, the client ${found.lateP99Ms.toFixed(0)} ms late (p99)`;
    io.progress(`  ${ratePerSecond}/s: ${isMet ? 'met' : 'missed'} (${figures})`);
    return isMet;
  });
}

export function renderCapacityBench({ highestPerSecond, median: middle, bounds }: CapacityBench): string {
  const rate = (value: number) => formatValue(value, 'per_second');
  const range = bounds === null ? '' : ` (90% interval of the median: ${bounds.map(rate).join(' to ')})`;
  return `The limits are met up to ${rate(middle)}${range}; rounds: ${highestPerSecond.map(rate).join(', ')}\n`;
}
