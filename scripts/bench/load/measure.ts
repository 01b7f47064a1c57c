import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Load } from '../../../slas/model/model.ts';
import type { Io } from '../../cli/io.ts';
import { childrenOf } from '../../process/processes.ts';
import { readCpuSeconds } from '../cpu.ts';
import { FIGURES, type Figures } from './k6-figures.ts';
import { type LoadShape, writeLibraryScript, writePlainScript } from './scripts.ts';

/** One load, and its cost. */
export interface LoadSample {
  readonly requests: number;
  /** CPU time of k6 per request. */
  readonly cpuMicrosPerRequest: number;
  /** Peak resident memory of k6. */
  readonly memoryMb: number;
  readonly dropped: number;
  /** 99% of iterations started at most this late; null for plain k6, which does not report it. */
  readonly lateP99Ms: number | null;
  /** CPU of the harness's own process, in cores; null for plain k6. */
  readonly harnessCores: number | null;
  /** Whether the record has the same figures as k6's own summary; null for plain k6. */
  readonly isExact: boolean | null;
}

export const generatorNames = ['plain', 'script', 'library'] as const;
export type GeneratorName = (typeof generatorNames)[number];

export const generatorTitles: Readonly<Record<GeneratorName, string>> = {
  plain: 'plain k6',
  script: 'harness, same script',
  library: 'harness, loadtests/lib',
};

export interface Place {
  readonly url: string;
  readonly k6: { readonly path: string; readonly version: string };
  readonly folder: string;
  readonly io: Io;
}

export async function measureLoad(name: GeneratorName, shape: LoadShape, place: Place): Promise<LoadSample> {
  const folder = await mkdtemp(join(place.folder, `${name}-`));
  return name === 'plain'
    ? await measurePlain(folder, shape, place)
    : await measureHarness(name, folder, shape, place);
}

async function measurePlain(folder: string, shape: LoadShape, { url, k6, io }: Place): Promise<LoadSample> {
  const script = await writePlainScript(folder, url, shape);
  const summaryFile = join(folder, 'summary.json');
  const fixed = ['run', '--quiet', '--no-usage-report', '--address', '127.0.0.1:0'];
  const child = spawn(k6.path, [...fixed, '--summary-export', summaryFile, script], { stdio: 'ignore' });
  const used = await watchUse(child, () => child.pid!, io.signal);
  const { metrics } = JSON.parse(await readFile(summaryFile, 'utf8')) as Summary;
  return {
    ...costs(used, metrics.http_reqs?.count ?? 0),
    ...{ lateP99Ms: null, harnessCores: null, isExact: null },
    dropped: metrics.dropped_iterations?.count ?? 0,
  };
}

interface Summary {
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

async function measureHarness(
  name: 'script' | 'library',
  folder: string,
  shape: LoadShape,
  { url, k6, io }: Place,
): Promise<LoadSample> {
  const options = join(folder, 'options.json');
  await writeFile(
    options,
    JSON.stringify({ load: await loadOf(name, folder, shape, url, io), url, root: io.root, k6, folder }),
  );
  const worker = join(import.meta.dirname, 'harness-worker.ts');
  const child = spawn(process.execPath, [worker, options], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout!.on('data', (text) => {
    output += text;
  });
  const used = await watchUse(child, () => childrenOf(child.pid!, `${k6.path} run`)[0], io.signal);
  const found = JSON.parse(output) as Found;
  if (found.stoppedBecause !== null) throw new Error(`the load was stopped: ${found.stoppedBecause}`);
  const { metrics } = JSON.parse(await readFile(join(folder, 'k6-summary.json'), 'utf8')) as Summary;
  const own = metrics.http_req_duration!;
  return {
    ...costs(used, found.sent),
    dropped: found.droppedIterations,
    lateP99Ms: found.startedLateP99Seconds === null ? null : found.startedLateP99Seconds * 1000,
    harnessCores: found.cpuSeconds / shape.seconds,
    isExact: FIGURES.every((figure) => isSame(found.figures?.[figure], own[figure])),
  };
}

interface Found {
  readonly cpuSeconds: number;
  readonly sent: number;
  readonly droppedIterations: number;
  readonly startedLateP99Seconds: number | null;
  readonly stoppedBecause: string | null;
  readonly figures: Figures | null;
}

/** k6 stores nanoseconds; its interpolation changes the last digits. */
const isSame = (one: number | undefined, other: number | undefined) =>
  one !== undefined && other !== undefined && Math.abs(one - other) < 1e-6;

async function loadOf(
  name: 'script' | 'library',
  folder: string,
  { ratePerSecond, seconds, virtualUsers }: LoadShape,
  url: string,
  io: Io,
): Promise<Load & { readonly readyVirtualUsers: number }> {
  const shape = { ratePerSecond, seconds, virtualUsers };
  const script =
    name === 'script'
      ? await writePlainScript(folder, url, shape)
      : await writeLibraryScript(folder, io.root);
  const stage = { seconds, fromPerSecond: ratePerSecond, toPerSecond: ratePerSecond };
  const planned = {
    name: 'hold',
    executor: 'constant-arrival-rate',
    startSeconds: 0,
    maxDurationSeconds: seconds,
    stages: [stage],
    plannedIterations: ratePerSecond * seconds,
  };
  return {
    scenario: 'bench',
    script,
    phases: name === 'library' ? [{ name: 'hold', ratePerSecond, durationSeconds: seconds }] : [],
    seed: 1,
    requestTimeoutSeconds: 10,
    warmUp: null,
    plannedRequests: ratePerSecond * seconds,
    scheduledSeconds: seconds,
    budgets: [],
    readyVirtualUsers: virtualUsers,
    ...(name === 'script' ? { k6: { scenarios: [planned], longestSeconds: seconds + 30 } } : {}),
  };
}

interface Used {
  readonly cpuSeconds: number;
  readonly memoryMb: number;
}

const LOOK_EVERY_MS = 50;

/**
 * Reads CPU time and peak memory of k6 until the process that started k6 ends. The last reading is at most 50 ms
 * before k6 ends.
 */
async function watchUse(
  starter: ReturnType<typeof spawn>,
  pidOf: () => number | undefined,
  signal: AbortSignal,
): Promise<Used> {
  let [pid, cpuSeconds, memoryMb] = [undefined as number | undefined, 0, 0];
  const look = () => {
    pid ??= pidOf();
    if (pid === undefined) return;
    cpuSeconds = Math.max(cpuSeconds, readCpuSeconds(pid)?.all ?? 0);
    memoryMb = Math.max(memoryMb, peakMemoryMb(pid));
  };
  const ticker = setInterval(look, LOOK_EVERY_MS);
  const stop = () => starter.kill('SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  try {
    await once(starter, 'close');
    signal.throwIfAborted();
    return { cpuSeconds, memoryMb };
  } finally {
    clearInterval(ticker);
    signal.removeEventListener('abort', stop);
  }
}

function peakMemoryMb(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

const costs = ({ cpuSeconds, memoryMb }: Used, requests: number) => ({
  requests,
  cpuMicrosPerRequest: (cpuSeconds * 1e6) / Math.max(1, requests),
  memoryMb,
});
