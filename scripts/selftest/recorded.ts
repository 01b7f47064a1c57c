import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { judge } from '../../slas/judge/judge.ts';
import type { Evidence, Plan, RunRecord } from '../../slas/model/model.ts';
import { type VerdictDocument, verdictDocument } from '../../slas/render/json.ts';
import { readRun } from '../runs/bundle.ts';
import type { GateRun } from './gate-run.ts';
import { notRun, resultOf } from './result.ts';
import type { Row, RowResult } from './row.ts';

/** Recordings of real rows, one file each: judged again in milliseconds whenever the judging code changes. */

const FOLDER = join(import.meta.dirname, 'recorded');
const fileOf = ({ name }: Row) => join(FOLDER, `${name.replaceAll('%', '')}.json.br`);

export interface Recording {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly evidence: Evidence;
}

/** Stores what a verdict rests on, for a row with the expected outcome. */
export async function record(row: Row, result: RowResult, { runFolder, verdict }: GateRun): Promise<void> {
  if (!result.isAsExpected || verdict === null) return;
  const { plan, run, evidence } = await readRun(runFolder);
  const recording: Recording = { plan, run, evidence: evidence! };
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 };
  await mkdir(FOLDER, { recursive: true });
  await writeFile(fileOf(row), brotliCompressSync(JSON.stringify(recording), { params }));
}

/** null if there is none: a harness failure judges nothing. */
export async function recordingOf(row: Row): Promise<Recording | null> {
  const file = fileOf(row);
  return existsSync(file)
    ? (JSON.parse(brotliDecompressSync(await readFile(file)).toString()) as Recording)
    : null;
}

/** Judges a row's recording again, from its file alone. */
export async function rejudge(row: Row): Promise<RowResult> {
  const startedMs = Date.now();
  const recording = await recordingOf(row);
  if (recording === null) {
    return row.expected.exitCode === 4
      ? notRun(row, 'skipped', 'nothing is judged in it: run it with ./sla selftest', 0)
      : notRun(row, 'blew up', 'it is not recorded: run ./sla selftest --record', 0);
  }
  const verdict = verdictOf(recording);
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  return resultOf(row, { exitCode: verdict.exitCode, verdict, errorCode: null }, seconds);
}

export async function rejudgeAll(rows: readonly Row[]): Promise<readonly RowResult[]> {
  const results: RowResult[] = [];
  for (const row of rows) results.push(await rejudge(row));
  return results;
}

/** Under a stricter rule, if requested. */
export const verdictOf = (
  { plan, run, evidence }: Recording,
  confidence = plan.confidence,
): VerdictDocument => verdictDocument(judge({ ...plan, confidence }, run, evidence));
