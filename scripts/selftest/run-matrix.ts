import { mkdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../cli/errors.ts';
import type { Io } from '../cli/io.ts';
import { cannotRun, type GateRun, runGate } from './gate-run.ts';
import { runPlainK6 } from './plain-k6.ts';
import { notRun, resultOf } from './result.ts';
import type { Row, RowResult } from './row.ts';
import { makeWorld, type World } from './world.ts';

export interface MatrixOptions {
  /** Whether k6 alone also runs. */
  readonly againstK6: boolean;
  /** The folder in which each row has its own. */
  readonly folder: string;
  /** Called after each row that was run, while its run folder exists. */
  readonly keep?: (row: Row, result: RowResult, run: GateRun) => Promise<void>;
}

/** The time limit of a gate with 12 s of load; a gate that takes longer hangs. */
const LONGEST_MS = 150_000;

/**
 * Runs the rows one after the other (rows of a group at the same time). A row that throws becomes a failed
 * row; the others continue.
 */
export async function runMatrix(
  rows: readonly Row[],
  options: MatrixOptions,
  io: Io,
): Promise<readonly RowResult[]> {
  const world = await makeWorld(rows, options.folder, io);
  const results: RowResult[] = [];
  for (const group of grouped(rows)) {
    for (const { name, fault } of group) io.progress(`${name}: ${fault}`);
    const done = await Promise.all(group.map((row) => runRow(row, options, world)));
    for (const result of done) io.progress(printRow(result, results.push(result), rows.length));
  }
  return results;
}

function grouped(rows: readonly Row[]): readonly (readonly Row[])[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = row.together ?? row.name;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()];
}

async function runRow(row: Row, options: MatrixOptions, world: World): Promise<RowResult> {
  const why = cannotRun(row);
  if (why !== null) return notRun(row, 'skipped', why, 0);
  const result = await judged(row, options, world);
  // k6 alone cannot run until a verdict is decided; the row of fixed length has its result.
  if (!options.againstK6 || row.maxSeconds !== undefined) return result;
  return { ...result, k6: await byK6(row, options, world) };
}

async function judged(row: Row, { folder, keep }: MatrixOptions, world: World): Promise<RowResult> {
  const startedMs = Date.now();
  const [loadAverage] = loadavg();
  const seconds = () => Math.round((Date.now() - startedMs) / 1000);
  try {
    const own = await ownFolder(folder, row.name);
    const run = await runGate(row, own, world, bounded(row, world.io));
    const result = resultOf(row, run, seconds(), loadAverage);
    await keep?.(row, result, run);
    return result;
  } catch (error) {
    world.io.signal.throwIfAborted();
    return notRun(row, 'blew up', wordsOf(error, row), seconds());
  }
}

async function byK6(row: Row, { folder }: MatrixOptions, world: World): Promise<string> {
  try {
    return await runPlainK6(row, await ownFolder(folder, `${row.name}-k6`), world, bounded(row, world.io));
  } catch (error) {
    world.io.signal.throwIfAborted();
    return `blew up: ${wordsOf(error, row)}`;
  }
}

async function ownFolder(folder: string, name: string): Promise<string> {
  const own = join(folder, name.replaceAll('%', ''));
  await mkdir(own, { recursive: true });
  return own;
}

const longestMs = ({ maxSeconds = 0 }: Row) => LONGEST_MS + 1000 * maxSeconds;
const bounded = (row: Row, io: Io) => AbortSignal.any([io.signal, AbortSignal.timeout(longestMs(row))]);

function wordsOf(error: unknown, row: Row): string {
  if (error instanceof HarnessError) return `${error.message} (${error.code})`;
  if (!(error instanceof Error)) return String(error);
  return error.name === 'TimeoutError' ? `no end within ${longestMs(row) / 1000} s` : error.message;
}

function printRow(
  { name, outcome, decidedBy, seconds, isAsExpected, expected, k6, note }: RowResult,
  done: number,
  all: number,
) {
  const by = decidedBy.length === 0 ? '' : ` (${decidedBy.join(', ')})`;
  const alone = k6 === undefined ? '' : `; k6 alone: ${k6}`;
  const mark = isAsExpected ? '✓' : outcome === 'skipped' ? '–' : `✗ expected ${expected};`;
  return `${done}/${all} ${mark} ${name}: ${outcome}${by}, ${seconds} s${alone}${note === null ? '' : `; ${note}`}`;
}
