import { SERVICES } from '../../slas/queues.ts';
import { type Cell, calibrate, simulateCells } from '../../slas/simulation.ts';
import { badOption, type PlacedProblem } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface SimulateOptions {
  readonly runs: string;
  readonly calibrate?: boolean;
}

const DURATIONS_SECONDS = [60, 300, 1200];
const SEED = 11;
const CALIBRATION = { durationSeconds: 16_000, parts: 100, seed: 7 };

/** Prints how often a confidence of 95 % is wrong, on services whose truth is known, as the Markdown table of the docs. */
export async function simulate(
  options: SimulateOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const runs = Number(options.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100_000)
    return badOption('--runs', `"${options.runs}" is no whole number from 1 to 100000`).problems;
  if (options.calibrate === true) return printLimits(io);
  io.print(
    '| service | p | seconds | design effect | textbook | own blocks | this recipe | missed |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n',
  );
  for (const durationSeconds of DURATIONS_SECONDS) {
    for (const service of SERVICES) {
      // Between two services there is time for Ctrl-C.
      await new Promise(setImmediate);
      io.signal.throwIfAborted();
      for (const cell of simulateCells(service, durationSeconds, runs, SEED)) io.print(row(cell));
    }
  }
  return 0;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

const row = ({ service, percentile, durationSeconds, designEffect, ...shares }: Cell) =>
  `| ${[service, percentile, durationSeconds, designEffect.toFixed(1), ...[shares.textbook, shares.ownBlocks, shares.recipe, shares.missed].map(percent)].join(' | ')} |\n`;

async function printLimits(io: Io): Promise<ExitCode> {
  const { durationSeconds, parts, seed } = CALIBRATION;
  for (const service of SERVICES) {
    await new Promise(setImmediate);
    io.signal.throwIfAborted();
    const limits = calibrate(service, durationSeconds, parts, seed);
    io.print(`${service.name}: p95 ${limits[95].toPrecision(7)} s, p99 ${limits[99].toPrecision(7)} s\n`);
  }
  return 0;
}
