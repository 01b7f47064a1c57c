import { readFile } from 'node:fs/promises';
import { countOf } from '../../../slas/render/numbers.ts';
import { type Register, SLA_FILE } from '../command.ts';
import { badOption, type PlacedProblem, readDocument, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { writeNew } from '../new-file.ts';
import { exportOpenSlo } from '../openslo/export.ts';
import { importOpenSlo } from '../openslo/import.ts';

export interface ImportOptions {
  readonly out?: string;
  readonly selector?: string;
}

export interface ExportOptions {
  readonly sla?: string;
  readonly out?: string;
  readonly window?: string;
}

export const register: Register = (program, io, done) => {
  program
    .command('import')
    .description('write an SLA document from an OpenSLO v1 file, and list what could not be translated')
    .argument('<format>', 'openslo')
    .argument('<file>', 'the file to import')
    .option('--out <file>', 'where to write the document (default: standard output)')
    .option(
      '--selector <label=value>',
      'labels of the service, for example job=checkout, separated by commas',
    )
    .action(async (format: string, file: string, options: ImportOptions) =>
      done(isOpenSlo(format) ?? (await importSlos(file, options, io))),
    );
  program
    .command('export')
    .description(
      'write the objectives of an SLA document as OpenSLO v1, and list what OpenSLO cannot express',
    )
    .argument('<format>', 'openslo')
    .option('--sla <file>', SLA_FILE)
    .option('--out <file>', 'where to write the file (default: standard output)')
    .option('--window <duration>', 'the rolling time window that OpenSLO requires (default: 28d)')
    .action(async (format: string, options: ExportOptions) =>
      done(isOpenSlo(format) ?? (await exportSlos(options, io))),
    );
};

const isOpenSlo = (format: string): readonly PlacedProblem[] | null =>
  format === 'openslo' ? null : badOption('FORMAT', `"${format}" is not a known format: openslo`).error;

const MAX_BYTES = 4 * 1024 * 1024;

export async function importSlos(
  file: string,
  { out, selector }: ImportOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const labels = readLabels(selector);
  if (labels === undefined)
    return badOption('--selector', `"${selector}" is not a list of labels: write job=checkout,env=staging`)
      .error;
  const text = await readFile(userPath(io, file), 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof text !== 'string')
    return [{ code: 'unreadable', path: '', file, message: `cannot be read (${text.code ?? text.message})` }];
  if (text.length > MAX_BYTES)
    return [{ code: 'unreadable', path: '', file, message: 'is larger than 4 MiB' }];
  const imported = importOpenSlo(text, file, labels);
  if (!imported.ok) return [{ code: 'not-openslo', path: '', file, message: imported.error }];
  const { text: made, translated, left } = imported.value;
  for (const one of left) io.progress(`not imported: ${one}`);
  if (made === null)
    return [
      { code: 'nothing-imported', path: '', file, message: 'has no objective that a document can express' },
    ];
  return await deliver(
    out,
    made,
    `${countOf(translated, 'objective')} imported`,
    `check it with: ./sla check ${out}`,
    io,
  );
}

export async function exportSlos(
  { sla, out, window = '28d' }: ExportOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  if (!/^[1-9]\d{0,3}[mhdwMQY]$/.test(window))
    return badOption('--window', `"${window}" is not a time window of OpenSLO: write 28d, 4w or 1M`).error;
  const read = await readDocument(io, sla);
  if (!read.ok) return read.error;
  const { text, exported, left } = exportOpenSlo(read.value.document, window);
  for (const one of left) io.progress(`not in the file: ${one}`);
  return await deliver(out, text, `${countOf(exported, 'objective')} exported`, null, io);
}

async function deliver(
  out: string | undefined,
  text: string,
  done: string,
  next: string | null,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  if (out === undefined) {
    io.print(text);
    return 0;
  }
  const problems = await writeNew(userPath(io, out), out, text);
  if (problems.length > 0) return problems;
  io.print(`${out}: ${done}\n`);
  if (next !== null) io.progress(next);
  return 0;
}

/** null: the option was not given; undefined: it is not valid. */
function readLabels(text: string | undefined): Readonly<Record<string, string>> | null | undefined {
  if (text === undefined) return null;
  const pairs = text.split(',').map((one) => /^\s*([a-zA-Z_]\w*)\s*=\s*"?([^",]+?)"?\s*$/.exec(one));
  if (pairs.some((one) => one === null)) return undefined;
  return Object.fromEntries(pairs.map((one) => [one![1]!, one![2]!]));
}
