import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateModel } from '../../../service/classifier/model-files.ts';
import { WorkerPool } from '../../../service/classifier/worker-pool.ts';
import { MAINTAINERS, type Register } from '../command.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) =>
  void program
    .command('corpus')
    .helpGroup(MAINTAINERS)
    .description("print the embedded model's mean confidence on the texts of the load, by kind")
    .action(async () => done(await corpus(io)));

interface Text {
  readonly kind: string;
  readonly mood: string;
  readonly text: string;
}

const TIMEOUT_MS = 120_000;

/**
 * Prints the embedded model's mean confidence over the load's corpus, by kind of text. The confidence objective is based on
 * these values.
 */
export async function corpus(io: Io): Promise<ExitCode> {
  const file = join(io.root, 'loadtests', 'lib', 'corpus.json');
  const { texts } = JSON.parse(await readFile(file, 'utf8')) as { texts: readonly Text[] };
  await using pool = new WorkerPool({
    settings: await locateModel({ kind: 'embedded' }),
    queueLimit: texts.length,
  });
  await pool.start();
  const answers = await pool.classify(
    texts.map(({ text }) => text),
    { deadlineMs: TIMEOUT_MS, isAbandoned: () => io.signal.aborted },
  );
  const judged = texts.map((text, index) => ({ ...text, ...answers[index]! }));
  const kinds = [...new Set(texts.map(({ kind }) => kind))];
  io.print(
    '| kind | texts | words | mean confidence | label as intended |\n| --- | ---: | ---: | ---: | ---: |\n',
  );
  for (const kind of [...kinds, 'all']) {
    io.print(
      line(
        kind,
        judged.filter((text) => kind === 'all' || text.kind === kind),
      ),
    );
  }
  return 0;
}

function line(
  kind: string,
  texts: readonly (Text & { readonly sentiment: string; readonly confidence: number })[],
): string {
  const mean = texts.reduce((sum, { confidence }) => sum + confidence, 0) / texts.length;
  const words = texts.reduce((sum, { text }) => sum + text.split(/\s+/).length, 0) / texts.length;
  const clear = texts.filter(({ mood }) => mood === 'positive' || mood === 'negative');
  const right = clear.filter(({ mood, sentiment }) => mood === sentiment.toLowerCase()).length;
  const meant = clear.length === 0 ? '–' : `${right} of ${clear.length}`;
  return `| ${kind} | ${texts.length} | ${words.toFixed(0)} | ${mean.toFixed(3)} | ${meant} |\n`;
}
