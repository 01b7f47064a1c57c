import { access, constants, realpath, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { fail, ok } from '../../slas/model/result.ts';
import { HarnessError } from '../cli/errors.ts';
import { cachedPath } from './cache.ts';
import { describeResult, runCommand } from './command.ts';
import type { Attempt, FoundTool, Search, ToolSource } from './types.ts';
import { rangeText, satisfies } from './version.ts';

/**
 * The tool at the explicit path. Throws HarnessError `tool-explicit-path` if the variable is set but its program is
 * unusable.
 */
export async function searchVariable(search: Search): Promise<Attempt<FoundTool>> {
  const { spec, io } = search;
  const value = io.env[spec.pathVariable];
  if (!value) return fail(`${spec.pathVariable} is not set`);
  const attempt = await tryProgram(search, resolve(value), 'environment');
  if (attempt.ok) return attempt;
  throw new HarnessError('tool-explicit-path', `${spec.pathVariable}=${value}: ${attempt.error}`, {
    nextStep: `set ${spec.pathVariable} to a ${spec.name} ${rangeText(spec.range)}, or unset it to have one found or installed`,
  });
}

/** The first tool on `PATH` whose version is in the range. The others are skipped and listed. */
export async function searchPath(search: Search): Promise<Attempt<FoundTool>> {
  const { spec, io } = search;
  const passedOver: string[] = [];
  for (const path of await programsOnPath(spec.name, io.env.PATH ?? '')) {
    const attempt = await tryProgram(search, path, 'path');
    if (attempt.ok) return attempt;
    passedOver.push(`${path}: ${attempt.error}`);
  }
  return fail(`PATH: ${passedOver.join('; ') || `no ${spec.name}`}`);
}

export async function searchCache(search: Search): Promise<Attempt<FoundTool>> {
  const path = cachedPath(search.spec, search.io.env);
  const attempt = await tryProgram(search, path, 'cache');
  return attempt.ok ? attempt : fail(`cache: ${path}: ${attempt.error}`);
}

/** Reads the program's version. Not ok if the program does not run, prints an unknown version, or is outside the range. */
export async function tryProgram(
  search: Search,
  path: string,
  source: ToolSource,
): Promise<Attempt<FoundTool>> {
  const { spec, io, limits } = search;
  if (!(await isProgram(path))) return fail('there is no executable');
  const argument = spec.versionArgument ?? '--version';
  const result = await runCommand(path, [argument], {
    env: io.env,
    limitMs: limits.versionMs,
    signal: io.signal,
  });
  if (result.kind !== 'exited' || result.exitCode !== 0) {
    return fail(`its ${argument} failed (${describeResult(result)})`);
  }
  const version = spec.versionPattern.exec(result.output)?.[1];
  if (version === undefined) return fail(`its ${argument} does not say that it is ${spec.name}`);
  if (!satisfies(version, spec.range)) {
    return fail(`is ${spec.name} ${version}, outside ${rangeText(spec.range)}`);
  }
  return ok({ name: spec.name, path, version, source });
}

async function programsOnPath(name: string, pathVariable: string): Promise<readonly string[]> {
  const seen = new Map<string, string>();
  for (const folder of pathVariable.split(delimiter)) {
    if (folder === '') continue;
    const path = resolve(join(folder, name));
    if (!(await isProgram(path))) continue;
    const real = await realpath(path);
    if (!seen.has(real)) seen.set(real, path);
  }
  return [...seen.values()];
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
