import { countOf } from '../../../slas/render/numbers.ts';
import { inspect, nameOf } from '../../run/plan-script.ts';
import type { Register } from '../command.ts';
import { importThresholds } from '../import-thresholds.ts';
import type { Left } from '../imported-document.ts';
import { type PlacedProblem, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { writeNew } from '../new-file.ts';

export interface ImportOptions {
  readonly out?: string;
  readonly withoutHistogram?: boolean;
}

export const register: Register = (program, io, done) => {
  program
    .command('import-k6')
    .description("write an SLA document from a k6 script's thresholds, and list what could not be translated")
    .argument('<script>', 'the k6 script, or an archive of it')
    .option(
      '--without-histogram',
      'the service does not measure its latencies: judge client-side latency only',
    )
    .option('--out <file>', 'where to write the document (default: standard output)')
    .action(async (script: string, options: ImportOptions) => done(await importK6(script, options, io)));
};

/** Asks k6 for the thresholds without running the script. Never replaces an existing file. */
export async function importK6(
  script: string,
  { out, withoutHistogram = false }: ImportOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const inspected = await inspect(script, undefined, io);
  if (!inspected.ok) return inspected.error;
  const { text, translated, left } = importThresholds(
    inspected.value.thresholds,
    nameOf(script),
    script,
    withoutHistogram,
  );
  for (const { threshold, why } of left) io.progress(`not imported: ${threshold}: ${why}`);
  if (text === null) return [nothingToImport(script, left)];
  if (out === undefined) io.print(text);
  else {
    const problems = await writeNew(userPath(io, out), out, text);
    if (problems.length > 0) return problems;
    io.print(
      `${out}: ${countOf(translated, 'threshold')} imported; lines with CHANGE name the metrics of your service\n`,
    );
    io.progress(`check it with: ./sla check ${out}`);
    io.progress(`run it with: ./sla gate --script ${script} --sla ${out} --target URL --prometheus URL`);
  }
  return 0;
}

function nothingToImport(script: string, left: readonly Left[]): PlacedProblem {
  const message =
    left.length === 0
      ? 'the script sets no thresholds: start a document with ./sla new sla NAME'
      : "none of the script's thresholds can become an objective: start a document with ./sla new sla NAME";
  return { code: 'no-thresholds', path: '', file: script, message };
}
