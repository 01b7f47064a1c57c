import type { SearchSettings } from '../../../slas/capacity/search.ts';
import { ok, type Result } from '../../../slas/model/result.ts';
import { SETTINGS } from '../../../slas/simulation/capacity.ts';
import { FRESH_SECONDS, FRESH_SERVICES } from '../../../slas/simulation/fresh-services.ts';
import { brokenPromises, type LooksCell, simulateAllLooks } from '../../../slas/simulation/looks.ts';
import { filling, SERVICES, type Service } from '../../../slas/simulation/queues.ts';
import { SEARCHED_LAWS, searchedCell } from '../../../slas/simulation/searches.ts';
import {
  type Cell,
  calibrate,
  LIMITS,
  shareNotSteady,
  simulateCells,
} from '../../../slas/simulation/simulation.ts';
import { readTimes } from '../../capacity/options.ts';
import { MAINTAINERS, type Register } from '../command.ts';
import { badOption, type PlacedProblem } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface SimulateOptions {
  readonly runs: string;
  readonly calibrate?: boolean;
  readonly untilDecided?: boolean;
  readonly capacity?: boolean;
  readonly budget?: string;
  readonly hold?: string;
  readonly seed?: string;
  readonly service?: string;
  readonly maxDuration?: string;
}

export const register: Register = (program, io, done) =>
  void program
    .command('simulate')
    .helpGroup(MAINTAINERS)
    .description(
      'measure how often verdicts at 95% confidence are wrong, on simulated services with known latencies',
    )
    .option('--runs <n>', 'simulated runs of each service', '1000')
    .option('--until-decided', 'instead, simulate runs that stop once they are decided')
    .option('--capacity', 'instead, simulate capacity searches on services of known capacity')
    .option('--budget <duration>', 'with --capacity, the maximum time for each search (default: 15m)')
    .option('--hold <duration>', 'with --capacity, the minimum duration of a hold (default: 2m)')
    .option('--service <name>', 'with --until-decided, only this service')
    .option('--max-duration <time>', 'with --until-decided, only this maximum: 10m or 5m')
    .option(
      '--seed <n>',
      'with --until-decided or --capacity, another seed: the results are those of other runs',
    )
    .option('--calibrate', 'instead, print the limits that 5% and 1% of requests exceed')
    .action(async (options: SimulateOptions) => done(await simulate(options, io)));

const DURATIONS_SECONDS = [60, 300, 1200];
const SEED = 11;
const CALIBRATION = { durationSeconds: 16_000, parts: 100, seed: 7 };

/**
 * Prints how often verdicts at 95% confidence are wrong for simulated services with known properties. The
 * output is the Markdown table in the docs.
 */
export async function simulate(
  options: SimulateOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const runs = Number(options.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100_000)
    return badOption('--runs', `"${options.runs}" is not a whole number from 1 to 100000`).error;
  const seed = options.seed === undefined ? null : Number(options.seed);
  if (seed !== null && !isSeeded(options)) return badOption('--seed', SEEDED).error;
  if (options.capacity === true) {
    const times = readTimes(options);
    return times.ok ? await printSearches(runs, seed ?? 1, { ...SETTINGS, ...times.value }, io) : times.error;
  }
  for (const name of ['budget', 'hold'] as const)
    if (options[name] !== undefined) return badOption(`--${name}`, appliesTo('--capacity')).error;
  if (options.calibrate === true) return printLimits(io);
  const looked = lookedAt(options);
  if (!looked.ok) return looked.error;
  if (options.untilDecided === true) return await printLooks(runs, seed ?? SEED, looked.value, io);
  io.print(
    '| service | p | seconds | design effect | textbook | own blocks | this recipe | missed | not steady | mean held |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n',
  );
  for (const durationSeconds of DURATIONS_SECONDS) {
    for (const service of SERVICES) {
      // Yields, so that Ctrl-C is handled between two services.
      await new Promise(setImmediate);
      io.signal.throwIfAborted();
      for (const cell of simulateCells(service, durationSeconds, runs, SEED)) io.print(row(cell));
    }
  }
  await printDrift(runs, io);
  return 0;
}

async function printSearches(
  runs: number,
  seed: number,
  settings: SearchSettings,
  io: Io,
): Promise<ExitCode> {
  io.print(
    '| service | searches | with an answer | proven is too high | missed is too low | median width | 90% are at most |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n',
  );
  for (const { name, law } of SEARCHED_LAWS) {
    await new Promise(setImmediate);
    io.signal.throwIfAborted();
    const { answered, provenTooHigh, missedTooLow, widths } = searchedCell(law, runs, seed, settings);
    const at = (share: number) =>
      widths.length === 0 ? '–' : percent(widths[Math.floor(share * (widths.length - 1))]!);
    io.print(`| ${[name, runs, answered, provenTooHigh, missedTooLow, at(0.5), at(0.9)].join(' | ')} |\n`);
  }
  return 0;
}

const SEEDED = 'write it as a whole number, with --until-decided or --capacity';
const isSeeded = ({ seed = '', capacity = false, untilDecided = false }: SimulateOptions) =>
  (capacity || untilDecided) && /^\d{1,9}$/.test(seed);

const appliesTo = (option: string) => `applies to ${option}: add it, or leave this option out`;
const ONLY_LOOKS = appliesTo('--until-decided');

const MAX_DURATIONS: ReadonlyMap<string, number> = new Map([
  ['10m', 600],
  ['5m', 300],
]);

/** The method was tuned on the first services, at both durations. The fresh services only test it. */
const looksOf = (maxSeconds: number): readonly Service[] =>
  maxSeconds === FRESH_SECONDS ? [...SERVICES, ...FRESH_SERVICES] : SERVICES;

interface Looked {
  readonly maxSeconds: number;
  readonly service: Service;
}

/** The services to simulate with looks, and the maximum durations of their runs. */
function lookedAt({
  service,
  maxDuration,
  untilDecided,
}: SimulateOptions): Result<readonly Looked[], readonly PlacedProblem[]> {
  if (untilDecided !== true && service !== undefined) return badOption('--service', ONLY_LOOKS);
  if (untilDecided !== true && maxDuration !== undefined) return badOption('--max-duration', ONLY_LOOKS);
  const durations = [...MAX_DURATIONS].filter(([text]) => maxDuration === undefined || text === maxDuration);
  if (durations.length === 0)
    return badOption(
      '--max-duration',
      `"${maxDuration}" is not possible: ${[...MAX_DURATIONS.keys()].join(' or ')}`,
    );
  const all = durations.flatMap(([, maxSeconds]) =>
    looksOf(maxSeconds).map((one) => ({ maxSeconds, service: one })),
  );
  const wanted = all.filter((one) => service === undefined || one.service.name === service);
  const names = [...new Set(all.map((one) => `"${one.service.name}"`))].join(', ');
  return wanted.length === 0
    ? badOption('--service', `"${service}" is not a simulated service: name one of ${names}`)
    : ok(wanted);
}

async function printLooks(runs: number, seed: number, looked: readonly Looked[], io: Io): Promise<ExitCode> {
  io.print(
    '| service | p | at most | limit × | met | missed | mean time | met, judged once | missed, judged once | promises |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n',
  );
  for (const { maxSeconds, service } of looked) {
    await new Promise(setImmediate);
    io.signal.throwIfAborted();
    for (const cell of simulateAllLooks(service, maxSeconds, runs, seed)) io.print(looksRow(cell));
  }
  return 0;
}

const looksRow = (cell: LooksCell) => {
  const { service, percentile, maxSeconds, limitTimes, meanSeconds, met, missed, metOnce, missedOnce } = cell;
  const broken = brokenPromises(cell);
  const promises = broken.length === 0 ? 'kept' : `**broken: ${broken.join(', ')}**`;
  return `| ${[service, percentile, `${maxSeconds} s`, limitTimes, percent(met), percent(missed), `${meanSeconds.toFixed(0)} s`, percent(metOnce), percent(missedOnce), promises].join(' | ')} |\n`;
};

const DRIFT_SECONDS = [60, 300];
/** The load at the start and at the end of a run. The limit is the p95 of a steady queue at a load of 0.5. */
const DRIFTS = [
  [0.5, 0.5],
  [0.5, 0.6],
  [0.5, 0.7],
  [0.5, 0.8],
  [0.5, 1],
] as const;

/** Prints how often a growing queue is detected, using the number of requests above the p95 of a steady queue. */
async function printDrift(runs: number, io: Io): Promise<void> {
  io.print('\n| load rises | seconds | not steady |\n| --- | ---: | ---: |\n');
  const limitSeconds = LIMITS['M/G/2 at 0.5']![95];
  for (const durationSeconds of DRIFT_SECONDS) {
    for (const [from, to] of DRIFTS) {
      await new Promise(setImmediate);
      io.signal.throwIfAborted();
      const found = shareNotSteady(filling(from, to), limitSeconds, durationSeconds, runs, SEED);
      io.print(`| from ${from} to ${to} | ${durationSeconds} | ${percent(found)} |\n`);
    }
  }
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

const row = ({ service, percentile, durationSeconds, designEffect, meanHeld, ...shares }: Cell) => {
  const { textbook, ownBlocks, recipe, missed, notSteady } = shares;
  const percentages = [textbook, ownBlocks, recipe, missed, notSteady].map(percent);
  const mean = meanHeld === null ? '' : percent(meanHeld);
  return `| ${[service, percentile, durationSeconds, designEffect.toFixed(1), ...percentages, mean].join(' | ')} |\n`;
};

/** The limits of the fresh services were calculated for runs of this length, so one calibration part is one run long. */
function calibrationOf(service: Service): [durationSeconds: number, parts: number, seed: number] {
  const { durationSeconds, parts, seed } = CALIBRATION;
  return FRESH_SERVICES.includes(service) ? [FRESH_SECONDS, 1000, seed] : [durationSeconds, parts, seed];
}

async function printLimits(io: Io): Promise<ExitCode> {
  for (const service of [...SERVICES, ...FRESH_SERVICES]) {
    await new Promise(setImmediate);
    io.signal.throwIfAborted();
    const limits = calibrate(service, ...calibrationOf(service));
    io.print(
      `${service.name}: p95 ${limits[95].toPrecision(7)} s, p99 ${limits[99].toPrecision(7)} s, mean ${limits.mean.toPrecision(7)} s\n`,
    );
  }
  return 0;
}
