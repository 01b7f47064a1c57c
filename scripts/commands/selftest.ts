import { mkdir, writeFile } from 'node:fs/promises';
import { temporaryFolder } from '../disk.ts';
import { badOption, type PlacedProblem, theirPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { MATRIX } from '../selftest/matrix.ts';
import { record, rejudgeAll } from '../selftest/recorded.ts';
import type { Row, RowResult } from '../selftest/row.ts';
import { runMatrix } from '../selftest/run-matrix.ts';
import { isWhole, renderMarkdownTable, renderTable } from '../selftest/table.ts';

export interface SelftestOptions {
  readonly quick?: boolean;
  readonly record?: boolean;
  readonly againstK6?: boolean;
  readonly only?: readonly string[];
  readonly json?: string;
  readonly markdown?: boolean;
  readonly out?: string;
}

/** Puts faults into the real gate, one after the other, and says whether each came out as it should. */
export async function selftest(
  options: SelftestOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const chosen = chooseRows(options.only);
  if (typeof chosen === 'string') return badOption('--only', chosen).problems;
  if (options.quick === true && (options.record === true || options.againstK6 === true))
    return badOption(
      '--quick',
      'judges what is recorded, and runs nothing: leave out --record and --against-k6',
    ).problems;
  const results = options.quick === true ? await rejudgeAll(chosen) : await really(chosen, options, io);
  if (options.json !== undefined)
    await writeFile(theirPath(io, options.json), `${JSON.stringify(results, null, 2)}\n`);
  io.print(options.markdown === true ? renderMarkdownTable(results) : renderTable(results));
  return isWhole(results) ? 0 : 1;
}

/** `latency-180ms`, or the beginning of several names. */
function chooseRows(only: readonly string[] = []): readonly Row[] | string {
  const unknown = only.find((name) => !MATRIX.some((row) => row.name.startsWith(name)));
  if (unknown !== undefined)
    return `no row is named "${unknown}": there are ${MATRIX.map(({ name }) => name).join(', ')}`;
  return only.length === 0 ? MATRIX : MATRIX.filter((row) => only.some((name) => row.name.startsWith(name)));
}

async function really(rows: readonly Row[], options: SelftestOptions, io: Io): Promise<readonly RowResult[]> {
  await using temporary = options.out === undefined ? await temporaryFolder() : null;
  const folder = temporary?.path ?? theirPath(io, options.out!);
  await mkdir(folder, { recursive: true });
  const keep = options.record === true ? { keep: record } : {};
  return await runMatrix(rows, { folder, againstK6: options.againstK6 === true, ...keep }, io);
}
