import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { restored, type StoredRunRecord, storedFiles } from '../../slas/client/stored.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { Evidence, Plan, RunRecord } from '../../slas/model/model.ts';
import { unwrap } from '../../slas/model/result.ts';
import { type VerdictDocument, verdictDocument } from '../../slas/render/json.ts';
import { readRun } from '../runs/bundle.ts';
import type { GateRun } from './gate-run.ts';
import { notRun, resultOf } from './result.ts';
import type { Row, RowResult } from './row.ts';

/**
 * Recordings of real rows, one file per row. They are judged again in milliseconds whenever the judging code changes.
 */

const FOLDER = join(import.meta.dirname, 'recorded');
const fileOf = ({ name }: Row) => join(FOLDER, `${name.replaceAll('%', '')}.json.br`);

export interface Recording {
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly evidence: Evidence;
}

/**
 * `client`: the content of client.bin, in Base64. Absent in older recordings, which have the requests as
 * text.
 */
export interface StoredRecording extends Omit<Recording, 'run'> {
  readonly run: StoredRunRecord;
  readonly client?: string;
}

/** Stores the data that a verdict is based on, for a row with the expected outcome. */
export async function record(row: Row, result: RowResult, { runFolder, verdict }: GateRun): Promise<void> {
  if (!result.isAsExpected || verdict === null) return;
  const { plan, run, evidence } = await readRun(runFolder);
  const { run: stored, client } = storedFiles(run);
  const bytes = client === null ? {} : { client: Buffer.from(client).toString('base64') };
  const recording: StoredRecording = { plan, run: stored, evidence: evidence!, ...bytes };
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 };
  await mkdir(FOLDER, { recursive: true });
  await writeFile(fileOf(row), brotliCompressSync(JSON.stringify(recording), { params }));
}

/** null if there is no recording: after a harness failure there is nothing to judge. */
export async function storedRecordingOf(row: Row): Promise<StoredRecording | null> {
  const file = fileOf(row);
  return existsSync(file)
    ? (JSON.parse(brotliDecompressSync(await readFile(file)).toString()) as StoredRecording)
    : null;
}

/** The same data in a form that can be judged. */
export async function recordingOf(row: Row): Promise<Recording | null> {
  const stored = await storedRecordingOf(row);
  if (stored === null) return null;
  const { plan, run, evidence, client } = stored;
  const bytes = client === undefined ? null : Buffer.from(client, 'base64');
  return { plan, run: unwrap(restored(run, bytes)), evidence };
}

/** Judges a row's recording again, from its file alone. */
export async function rejudge(row: Row): Promise<RowResult> {
  const startedMs = Date.now();
  const recording = await recordingOf(row);
  if (recording === null) return notRecorded(row);
  const verdict = verdictOf(recording);
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  return resultOf(row, { exitCode: verdict.exitCode, verdict, errorCode: null }, seconds);
}

/** A missing recording is an error, unless the row gives a reason. */
function notRecorded(row: Row): RowResult {
  if (row.expected.exitCode === 4)
    return notRun(row, 'skipped', 'nothing is judged in it: run it with ./sla selftest', 0);
  if (row.unrecorded !== undefined)
    return notRun(row, 'skipped', `${row.unrecorded}: run ./sla selftest --record`, 0);
  return notRun(row, 'blew up', 'it is not recorded: run ./sla selftest --record', 0);
}

export async function rejudgeAll(rows: readonly Row[]): Promise<readonly RowResult[]> {
  const results: RowResult[] = [];
  for (const row of rows) results.push(await rejudge(row));
  return results;
}

/** Judges a recording, with a higher confidence than planned if one is given. */
export const verdictOf = (
  { plan, run, evidence }: Recording,
  confidence = plan.confidence,
): VerdictDocument => verdictDocument(judge({ ...plan, confidence }, run, evidence));
