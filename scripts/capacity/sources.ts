import { createHash, type Hash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import type { CapacityAsked, CapacityRecord, CapacitySources } from '../../slas/capacity/record.ts';
import type { Io } from '../cli/io.ts';
import { headOf } from '../run/environment.ts';
import { SERVICE_SETTINGS } from '../stack/service-settings.ts';
import { sha256Of } from './storage.ts';
import { withImports } from './variable-use.ts';
import { variablesOf } from './variants.ts';

/** What all steps of a search must have in common: the service, its settings, the load script and the variables that it reads. */

/** Settings that only a service on this machine can have. */
const LOCAL_SETTINGS = [
  'MODEL_ID',
  'MODEL_DIR',
  'MODEL_B_DIR',
  'MODEL_B_SHARE',
  'NODE_OPTIONS',
  'UV_THREADPOOL_SIZE',
];

/**
 * @param script the absolute path of the load script
 * @param isOurs whether the harness starts the service; never so if the harness is installed as a package
 */
export async function sourcesOf(
  script: string,
  isOurs: boolean,
  { root, env }: Pick<Io, 'root' | 'env'>,
): Promise<CapacitySources> {
  const { files, variables } = await scriptFiles(script);
  const names = isOurs ? [...SERVICE_SETTINGS, ...LOCAL_SETTINGS] : [];
  return {
    service: isOurs ? await hashOf(root, await serviceFiles(root)) : null,
    settings: Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
    script: await hashOf(dirname(script), files),
    variables: sha256Of(JSON.stringify(variables.map((name) => [name, env[name] ?? null]))),
  };
}

/** The environment of the service and of the load script, with the variables that the search itself sets. */
export const environmentOf = (asked: CapacityAsked, { env }: Pick<Io, 'env'>): Io['env'] => ({
  ...env,
  ...variablesOf(asked),
});

/** The names of the files are part of the hash. */
async function hashOf(folder: string, files: readonly string[]): Promise<string> {
  const hash: Hash = createHash('sha256');
  for (const file of files.toSorted()) {
    const content = await readFile(file);
    hash.update(`${relative(folder, file)}\n${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

async function serviceFiles(root: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, 'service'), { recursive: true, withFileTypes: true });
  const files = entries.filter((one) => one.isFile() && !/\.(test\.ts|md)$/.test(one.name));
  return [...files.map(({ parentPath, name }) => join(parentPath, name)), join(root, 'package-lock.json')];
}

const RELATIVE = /['"`](\.{1,2}\/[^'"`\n]+)['"`]/g;
const VARIABLE = /__ENV\s*(?:\.\s*(\w+)|\[\s*['"](\w+)['"]\s*\])/g;
/** The harness sets these itself, or a token may have been rotated. */
const SET_BY_HARNESS = /^(SLA|K6)_/;

/** The script, the files that it imports, and the data that these files open. */
async function scriptFiles(script: string) {
  const texts = await withImports(script);
  const named = [...texts].flatMap(([file, text]) =>
    [...text.matchAll(RELATIVE)].map(([, target]) => resolve(dirname(file), target!)),
  );
  const areFiles = await Promise.all(named.map(isFile));
  const variables = [...texts.values()]
    .flatMap((text) => [...text.matchAll(VARIABLE)].map(([, dotted, quoted]) => dotted ?? quoted!))
    .filter((name) => !SET_BY_HARNESS.test(name));
  return {
    files: [...new Set([...texts.keys(), ...named.filter((_, index) => areFiles[index])])],
    variables: [...new Set(variables)].toSorted(),
  };
}

const isFile = async (path: string) => (await stat(path).catch(() => null))?.isFile() === true;

/** Why further steps of a stored search would not measure the same as its earlier ones; empty: nothing is known to differ. */
export async function changesSince(
  { asked, cores, commit, sources }: CapacityRecord,
  now: CapacitySources,
  io: Pick<Io, 'project'>,
): Promise<readonly string[]> {
  const isOurs = asked.target === undefined;
  const head = isOurs ? await headOf(io.project) : null;
  const here = availableParallelism();
  return [
    ...(cores === null || cores === here ? [] : [`this machine has ${here} CPU cores (${cores} before)`]),
    ...(commit === undefined || head === null || commit === head
      ? []
      : [`the git commit is ${head.slice(0, 12)} (${commit.slice(0, 12)} before)`]),
    ...(sources === undefined ? [] : differencesBetween(sources, now)),
  ];
}

function differencesBetween(before: CapacitySources, now: CapacitySources): readonly string[] {
  const names = [...new Set([...Object.keys(before.settings), ...Object.keys(now.settings)])].toSorted();
  const settings = names
    .filter((name) => before.settings[name] !== now.settings[name])
    .map((name) => `${name} is ${shown(now.settings[name])} (${shown(before.settings[name])} before)`);
  return [
    ...(before.service === now.service ? [] : ['the files of the service have changed']),
    ...(before.script === now.script ? [] : ['the load script, or a file that it uses, has changed']),
    ...settings,
    ...(before.variables === now.variables
      ? []
      : ['an environment variable that the load script reads has changed']),
  ];
}

const shown = (value: string | undefined) => (value === undefined ? 'not set' : `"${value}"`);
