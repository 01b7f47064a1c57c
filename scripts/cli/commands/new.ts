import { constants, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseDocument } from '../../../slas/document/document.ts';
import { type Register, SLA_FILE } from '../command.ts';
import { HarnessError } from '../errors.ts';
import { badOption, type Input, type PlacedProblem, readDocument, shortPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { documentText, entryFor, scriptText, withScenario } from '../starting-points.ts';

/** Creates a scenario or a document from a template that runs unchanged. Never changes existing files. */

export interface NewScenarioOptions {
  readonly sla?: string;
}

export interface NewSlaOptions {
  readonly path?: string;
}

const NAME_RULE = 'lower-case words joined by hyphens, for example evening-peak';

export const register: Register = (program, io, done) => {
  const group = program.command('new').description('create a scenario or an SLA document to start from');
  group
    .command('scenario')
    .description('create loadtests/NAME.ts, and add its load to the SLA document')
    .argument('<name>', NAME_RULE)
    .option('--sla <file>', SLA_FILE)
    .action(async (name: string, options: NewScenarioOptions) => done(await newScenario(name, options, io)));
  group
    .command('sla')
    .description('create slas/documents/NAME.yaml, for you to adapt to your service')
    .argument('<name>', NAME_RULE)
    .option('--path <path>', 'the path of the requests to judge, for example /orders (default: /NAME)')
    .action(async (name: string, options: NewSlaOptions) => done(await newSla(name, options, io)));
};

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Writes `loadtests/NAME.ts`, and adds its load to the document. */
export async function newScenario(
  name: string,
  options: NewScenarioOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  if (!NAME.test(name))
    return badOption('NAME', `"${name}" is not a valid scenario name: use ${NAME_RULE}`).error;
  const read = await readDocument(io, options.sla);
  if (!read.ok) return read.error;
  const { document, file, text } = read.value;
  if (document.scenarios.some((scenario) => scenario.name === name))
    return badOption('NAME', `${shortPath(io, file)} already has a scenario "${name}"`).error;
  const changed = withScenario(text, name, entryFor(document));
  if (changed === null || !parseDocument(changed).ok) {
    const message = `the scenarios of ${shortPath(io, file)} are written in a form that this command cannot extend: put "scenarios:" on a line of its own`;
    return badOption('NAME', message).error;
  }
  const script = join(io.project, 'loadtests', `${name}.ts`);
  const written = await writeNew(script, scriptText(document, options.sla === undefined), io);
  if (!written.ok) return written.error;
  await overwrite(file, changed);
  if (io.isInstalled) await provideLibrary(io);
  const sla = options.sla === undefined ? '' : ` --sla ${options.sla}`;
  io.print(`${shortPath(io, script)}: what is sent\n${shortPath(io, file)}: scenarios.${name}, its load\n`);
  io.progress(`try it with: ./sla gate --scenario ${name}${sla}`);
  return 0;
}

/** Writes `slas/documents/NAME.yaml`. */
export async function newSla(
  name: string,
  { path = `/${name}` }: NewSlaOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  if (!NAME.test(name))
    return badOption('NAME', `"${name}" is not a valid document name: use ${NAME_RULE}`).error;
  if (!PATH.test(path))
    return badOption('--path', `"${path}" is not a valid path: write it as /orders or /orders/:id`).error;
  const file = join(io.project, 'slas', 'documents', `${name}.yaml`);
  const written = await writeNew(file, documentText(name, path), io);
  if (!written.ok) return written.error;
  const short = shortPath(io, file);
  io.print(`${short}: selector and objectives; correct the lines with CHANGE to the names of your service\n`);
  io.progress(`check it with: ./sla check ${short}`);
  io.progress(
    `add a load with: ./sla new scenario smoke --sla ${short}, or use your k6 script: ./sla gate --script FILE --sla ${short}`,
  );
  return 0;
}

/** The name contains no spaces or quotes, so it needs no quotes in YAML. */
const PATH = /^\/[\w./:-]*$/;

async function writeNew(file: string, text: string, io: Io): Promise<Input<null>> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
    return { ok: true, value: null };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      return badOption('NAME', `${shortPath(io, file)} already exists: choose another name`);
    throw notWritten(file, error);
  }
}

/**
 * The library that a new load script imports. k6 resolves it relative to the script, so the user's folder gets a copy. An
 * existing file is kept.
 */
const LIBRARY = ['bodies.ts', 'load.ts', 'random.ts', 'request.ts', 'schedule.ts'];

async function provideLibrary(io: Io): Promise<void> {
  const folder = join(io.project, 'loadtests', 'lib');
  try {
    await mkdir(folder, { recursive: true });
    for (const name of LIBRARY)
      await copyFile(
        join(io.root, 'loadtests', 'lib', name),
        join(folder, name),
        constants.COPYFILE_EXCL,
      ).catch(unlessExisting);
  } catch (error) {
    throw notWritten(folder, error);
  }
}

function unlessExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

async function overwrite(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw notWritten(file, error);
  }
}

const notWritten = (file: string, cause: unknown) =>
  new HarnessError('not-written', `${file} cannot be written: ${(cause as Error).message}`, {
    nextStep: 'check the permissions of its folder',
    cause,
  });
