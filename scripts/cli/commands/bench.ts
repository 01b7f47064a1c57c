import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { usableCores } from '../../../service/classifier/cores.ts';
import { readConfig } from '../../../service/config.ts';
import { parseDuration } from '../../../slas/document/limits.ts';
import {
  type Candidate,
  type CandidateName,
  candidateNames,
  startCandidate,
  startServer,
} from '../../bench/candidates.ts';
import { benchCapacity, limitsOf, renderCapacityBench } from '../../bench/capacity.ts';
import { chooseGenerator } from '../../bench/closed-loop.ts';
import { median } from '../../bench/figures.ts';
import { Limit, limitVariants } from '../../bench/limit.ts';
import { benchLoad, loadTargets, renderLoadBench } from '../../bench/load/load-bench.ts';
import {
  compare,
  compareLengths,
  compareMetrics,
  isShort,
  keyOf,
  type Setting,
  scrapeUnderLoad,
} from '../../bench/measure.ts';
import { measureOverload } from '../../bench/overload.ts';
import { renderReport } from '../../bench/render.ts';
import { type Measured, toReport } from '../../bench/report.ts';
import { renderSoak, soak } from '../../bench/soak.ts';
import { readTexts } from '../../bench/texts.ts';
import { toolIo } from '../../run/prepare.ts';
import { findTool } from '../../tools/find-tool.ts';
import type { Register } from '../command.ts';
import { accept, badOption, type Input, type PlacedProblem, readDocument } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface BenchOptions {
  readonly rounds: string;
  readonly seconds: string;
  readonly json?: boolean;
  readonly soak?: string;
}

export const register: Register = (program, io, done) => {
  const group = program
    .command('bench')
    .description('benchmark the service against a conventional implementation, alternating on this machine')
    .option('--rounds <n>', 'measurements of each server', '5')
    .option('--seconds <n>', 'duration of each measurement', '3')
    .option(
      '--soak <duration>',
      'instead, run a soak test with mixed load, invalid input and crashing workers, for example 10m',
    )
    .option('--json', 'print the figures as JSON')
    .action(async (options: BenchOptions) => done(await bench(options, io)));
  group
    .command('load')
    .description('compare the harness with plain k6, alternating: CPU, memory and the highest rate')
    .option('--rounds <n>', 'measurements of each', '5')
    .option('--seconds <n>', 'duration of each load', '10')
    .option('--json', 'print the figures as JSON')
    .action(async (_: unknown, command: { optsWithGlobals(): BenchOptions }) =>
      done(await benchLoadCommand(command.optsWithGlobals(), io)),
    );
  group
    .command('capacity')
    .description('find the highest rate within the SLA with a plain client, to compare with "./sla capacity"')
    .option('--rounds <n>', 'how many times to search', '5')
    .option('--seconds <n>', 'duration of each load', '10')
    .option('--json', 'print the figures as JSON')
    .action(async (_: unknown, command: { optsWithGlobals(): BenchOptions }) =>
      done(await benchCapacityCommand(command.optsWithGlobals(), io)),
    );
};

const warmUpSeconds = 2;

/**
 * Measures the service and a conventional implementation alternately on this machine. Exits with 1 if a benchmark target is
 * missed.
 */
export async function bench(options: BenchOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const size = sizeOf(options);
  if (!size.ok) return size.error;
  const { rounds, seconds } = size.value;
  const soakSeconds = options.soak === undefined ? null : parseDuration(options.soak);
  if (options.soak !== undefined && (soakSeconds === null || soakSeconds < 10))
    return badOption('--soak', `"${options.soak}" is not a valid duration (at least 10s): write it as 10m`)
      .error;
  await using cleanup = new AsyncDisposableStack();
  const folder = await temporaryIn(cleanup);
  if (soakSeconds !== null) return await runSoak(soakSeconds, options.json === true, { folder, cleanup, io });
  const report = toReport(await measureAll({ rounds, seconds, folder, cleanup, io }), new Date());
  io.print(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report));
  return report.targets.every(({ met }) => met) ? 0 : 1;
}

function sizeOf({
  rounds: roundsText,
  seconds: secondsText,
}: BenchOptions): Input<{ readonly rounds: number; readonly seconds: number }> {
  const [rounds, seconds] = [Number(roundsText), Number(secondsText)];
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000)
    return badOption('--rounds', `"${roundsText}" is not a whole number of rounds from 1 to 1000`);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 600)
    return badOption('--seconds', `"${secondsText}" is not a whole number of seconds from 1 to 600`);
  return accept({ rounds, seconds });
}

/** Compares the load generator with plain k6. Exits with 1 if a benchmark target is missed. */
async function benchLoadCommand(options: BenchOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const size = sizeOf(options);
  if (!size.ok) return size.error;
  await using cleanup = new AsyncDisposableStack();
  const folder = await temporaryIn(cleanup);
  const k6 = await findTool('k6', toolIo(io));
  const program = join(io.root, 'scripts', 'bench', 'load', 'fast-server.ts');
  const { url } = cleanup.use(await startServer('fast server', [program], {}, folder, io));
  const measured = await benchLoad(size.value, { url, k6, folder, io });
  io.print(
    options.json === true
      ? `${JSON.stringify({ ...measured, targets: loadTargets(measured) }, null, 2)}\n`
      : renderLoadBench(measured),
  );
  return loadTargets(measured).every(({ met }) => met) ? 0 : 1;
}

/** Searches for the highest rate within the limits of the service's SLA. */
async function benchCapacityCommand(
  options: BenchOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const size = sizeOf(options);
  if (!size.ok) return size.error;
  const read = await readDocument(io, undefined);
  if (!read.ok) return read.error;
  await using cleanup = new AsyncDisposableStack();
  const folder = await temporaryIn(cleanup);
  const texts = (await readTexts(io.root, io.signal)).map(({ text }) => text);
  const { url } = cleanup.use(await startCandidate('ours', folder, io));
  const asked = { ...size.value, url, texts, limits: limitsOf(read.value.document) };
  const measured = await benchCapacity(asked, io);
  io.print(options.json === true ? `${JSON.stringify(measured, null, 2)}\n` : renderCapacityBench(measured));
  return 0;
}

/** A temporary folder that is deleted at the end. */
async function temporaryIn(cleanup: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sla-bench-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface Place {
  readonly folder: string;
  readonly cleanup: AsyncDisposableStack;
  readonly io: Io;
}

interface Run extends Place {
  readonly rounds: number;
  readonly seconds: number;
}

/**
 * Hung workers are replaced quickly, so that the soak test includes many replacements. On a busy machine, a slow worker must
 * not be mistaken for a hung one.
 */
const soakSettings = { INFERENCE_LIMIT_MS: '3000', REQUEST_DEADLINE_MS: '60000', LOG_LEVEL: 'warn' };

async function runSoak(seconds: number, json: boolean, { folder, cleanup, io }: Place): Promise<ExitCode> {
  const texts = (await readTexts(io.root, io.signal)).map(({ text }) => text);
  const program = join(io.root, 'scripts', 'bench', 'faulty-service.ts');
  const server = cleanup.use(await startServer('troubled service', [program], soakSettings, folder, io));
  io.progress(`a mixed load for ${seconds} s, with invalid input and crashing workers`);
  const report = await soak(server, texts, seconds, io.signal);
  io.print(json ? `${JSON.stringify(report, null, 2)}\n` : renderSoak(report));
  return report.passed ? 0 : 1;
}

async function measureAll({ rounds, seconds, folder, cleanup, io }: Run): Promise<Measured> {
  const loadBefore = loadavg()[0]!;
  const texts = await readTexts(io.root, io.signal);
  const short = texts.filter(isShort);
  const generator = chooseGenerator(folder, io);
  io.progress(`starting ${candidateNames.length} servers; the load comes from ${generator.name}`);
  const candidates = {} as Record<CandidateName, Candidate>;
  for (const name of candidateNames) candidates[name] = cleanup.use(await startCandidate(name, folder, io));
  const limits: Limit[] = [];
  for (const variant of limitVariants(usableCores())) {
    limits.push(cleanup.use(await Limit.start(variant, short, io.root)));
  }
  const setting: Setting = {
    candidates,
    generate: generator.run,
    short: short.map(({ text }) => text),
    rounds,
    seconds,
    io,
  };
  await warmUp(setting);
  const { series, limitSeries } = await compare(setting, limits);
  const capacity = median(series.get(keyOf('ours', 64))!.map(({ answeredPerSecond }) => answeredPerSecond));
  return {
    loadBefore,
    generator: generator.name,
    rounds,
    seconds,
    texts: short.length,
    series,
    withMetrics: await compareMetrics(setting),
    limits: limits.map(({ variant }, index) => ({ variant, samples: limitSeries[index]! })),
    byLength: await compareLengths(setting, texts),
    scrapesMs: await scrapeUnderLoad(setting),
    overload: await measureOverload(setting, capacity),
    deadlineMs: defaultDeadlineMs(),
  };
}

async function warmUp({ candidates, generate, short }: Setting): Promise<void> {
  for (const { url } of Object.values(candidates)) {
    await generate({ url, texts: short, clients: 8, seconds: warmUpSeconds });
  }
}

function defaultDeadlineMs(): number {
  const config = readConfig({});
  return Array.isArray(config) ? Number.NaN : config.requestDeadlineMs;
}
