import { basename, join, relative, resolve } from 'node:path';
import { locateModel } from '../../../service/classifier/model-files.ts';
import { WorkerPool } from '../../../service/classifier/worker-pool.ts';
import type { Reference } from '../../../service/drift/reference.ts';
import { describePredictions } from '../../../service/drift/window.ts';
import { writeWhole } from '../../run/disk.ts';
import { readPlainJson, Unreadable } from '../../runs/stored-files.ts';
import { MAINTAINERS, type Register } from '../command.ts';
import { accept, badOption, type Input, type PlacedProblem } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface ReferenceOptions {
  /** The folder of a model; default: the embedded model. */
  readonly model?: string;
  /** A file with the content `{"texts":[{"text":"…"}]}`; default: the load's corpus. */
  readonly texts?: string;
  /** The output file; default: next to the embedded model, or in the folder of the given model. */
  readonly out?: string;
}

export const register: Register = (program, io, done) =>
  void program
    .command('reference')
    .helpGroup(MAINTAINERS)
    .description("describe a model's predictions on known texts, so that the service can detect drift")
    .option('--model <dir>', "the model's folder (default: the embedded model)")
    .option(
      '--texts <file>',
      'JSON file of the form {"texts":[{"text":"…"}]} (default: the corpus of the load)',
    )
    .option('--out <file>', 'where to write it (default: reference.json next to the model)')
    .action(async (options: ReferenceOptions) => done(await reference(options, io)));

const TIMEOUT_MS = 600_000;

/** Writes reference statistics of the model's predictions on these texts. The service compares its traffic with them. */
export async function reference(
  options: ReferenceOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const embedded = join(io.root, 'service', 'model', 'reference.json');
  const dir = options.model === undefined ? undefined : resolve(io.cwd, options.model);
  const out = options.out ?? (dir === undefined ? embedded : join(dir, 'reference.json'));
  const texts = resolve(io.cwd, options.texts ?? join(io.root, 'loadtests', 'lib', 'corpus.json'));
  const read = await readTexts(texts);
  if (!read.ok) return read.error;
  const made = await predictAll(dir, basename(texts), read.value, io);
  await writeWhole(resolve(io.cwd, out), `${JSON.stringify(made, null, 2)}\n`);
  io.print(
    `${relative(io.cwd, resolve(io.cwd, out))}: ${made.predictions} predictions of ${made.model} ${made.version}\n`,
  );
  return 0;
}

type Texts = readonly { readonly text: string }[];

async function readTexts(file: string): Promise<Input<Texts>> {
  try {
    const { texts } = ((await readPlainJson(file)) ?? {}) as { texts?: Texts };
    const isGiven =
      Array.isArray(texts) && texts.length > 0 && texts.every((one) => typeof one?.text === 'string');
    if (isGiven) return accept(texts);
    return badOption('--texts', `${file} is not {"texts":[{"text":"…"}]}`);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return badOption('--texts', `${file} cannot be used: ${error.message}`);
  }
}

async function predictAll(dir: string | undefined, file: string, texts: Texts, io: Io): Promise<Reference> {
  const settings = await locateModel(dir === undefined ? { kind: 'embedded' } : { kind: 'folder', dir });
  await using pool = new WorkerPool({ settings, queueLimit: texts.length });
  await pool.start();
  const options = { deadlineMs: TIMEOUT_MS, isAbandoned: () => io.signal.aborted };
  const answers = await pool.classify(
    texts.map(({ text }) => text),
    options,
  );
  const { model, version } = pool;
  return {
    model,
    version,
    source: `${texts.length} texts of ${file}`,
    ...describePredictions(answers),
  };
}
