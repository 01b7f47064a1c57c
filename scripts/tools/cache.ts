import { access, constants, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { HarnessError } from '../cli/errors.ts';
import { makePath } from '../run/disk.ts';
import type { PackageSpec, ToolSpec } from './specs.ts';
import type { ToolIo } from './types.ts';

/** `${SLA_CACHE_DIR:-${XDG_CACHE_HOME:-~/.cache}/sla-harness}/tools` */
function toolsFolder(env: ToolIo['env']): string {
  if (env.SLA_CACHE_DIR) return resolve(env.SLA_CACHE_DIR, 'tools');
  // According to the XDG specification, a relative XDG_CACHE_HOME must be ignored.
  const xdg = env.XDG_CACHE_HOME;
  const caches = xdg && isAbsolute(xdg) ? xdg : join(env.HOME || homedir(), '.cache');
  return join(caches, 'sla-harness', 'tools');
}

export function cachedPath(spec: ToolSpec, env: ToolIo['env']): string {
  return join(toolsFolder(env), `${spec.name}-${spec.package.version}`, spec.name);
}

export function lockPath(spec: PackageSpec, env: ToolIo['env']): string {
  return join(toolsFolder(env), `.${spec.name}-${spec.version}.lock`);
}

/** Creates the cache folder. Throws HarnessError `cache-not-writable` if it is not writable. */
export async function prepareCache(env: ToolIo['env']): Promise<void> {
  const folder = toolsFolder(env);
  try {
    await makePath(folder);
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new HarnessError(
      'cache-not-writable',
      `the tool cache ${folder} is not writable: ${messageOf(cause)}`,
      {
        nextStep: 'set SLA_CACHE_DIR to a folder that you can write to, and run again',
        cause,
      },
    );
  }
}

/**
 * Creates a folder for incomplete files. It is on the cache's file system, so that a complete file can be moved by a single
 * rename. Call this only while holding the package's lock, because it removes whatever an earlier run left there.
 */
export async function makeStaging(
  spec: PackageSpec,
  env: ToolIo['env'],
): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = join(toolsFolder(env), `.${spec.name}-${spec.version}.staging`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Moves a complete program to its place in the cache atomically, and returns its new path. */
export async function publish(spec: ToolSpec, program: string, env: ToolIo['env']): Promise<string> {
  const path = cachedPath(spec, env);
  await makePath(join(path, '..'));
  await rename(program, path);
  return path;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
