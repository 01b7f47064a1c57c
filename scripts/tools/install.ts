import { join } from 'node:path';
import { fail, ok } from '../../slas/model/result.ts';
import { HarnessError } from '../cli/errors.ts';
import { lockPath, makeStaging, prepareCache, publish } from './cache.ts';
import { buildWithGo, neededGoVersion } from './go-build.ts';
import { acquireLock } from './lock.ts';
import { downloadRelease, type ReleaseContext, releaseUrl } from './release.ts';
import { searchCache, tryProgram } from './search.ts';
import type { ToolSpec } from './specs.ts';
import type { Attempt, FoundTool, Search, ToolSource } from './types.ts';
import { rangeText } from './version.ts';

export interface InstallContext extends ReleaseContext {
  /** All tools. Those that share a package are installed from a single download. */
  readonly specs: readonly ToolSpec[];
  /** The reasons why the search has found nothing so far. */
  readonly reasons: readonly string[];
}

/**
 * Installs the tool into the cache, from its release or else by building it. Only one process at a time does so for a
 * package; the others wait, and then find the tool in the cache. Throws HarnessError `tool-unavailable` with every reason
 * and every way to provide the tool.
 */
export async function installTool(search: Search, context: InstallContext): Promise<FoundTool> {
  const { spec, io, limits } = search;
  await prepareCache(io.env);
  const what = `installing ${spec.package.name} ${spec.package.version}`;
  await using _lock = await acquireLock(lockPath(spec.package, io.env), what, io, limits);
  const cached = await searchCache(search);
  if (cached.ok) return cached.value;
  await using staging = await makeStaging(spec.package, io.env);
  const released = await installRelease(search, staging.folder, context);
  if (released.ok) return released.value;
  io.progress(`${released.error.split('\n')[0]}; trying Go`);
  const built = await installBuild(search, staging.folder);
  if (built.ok) return built.value;
  throw await unavailable(search, [...context.reasons, released.error, built.error]);
}

async function installRelease(
  search: Search,
  staging: string,
  context: InstallContext,
): Promise<Attempt<FoundTool>> {
  const folder = await downloadRelease(search.spec, staging, context);
  if (!folder.ok) return folder;
  const mine = await checkAndPublish(search, join(folder.value, search.spec.name), 'release');
  if (!mine.ok) return fail(`release: the downloaded ${search.spec.name}: ${mine.error}`);
  for (const spec of context.specs) {
    if (spec.package !== search.spec.package || spec === search.spec) continue;
    // If another tool of the package does not run, the requested tool is still usable. The other tool is checked when it is
    // needed.
    await checkAndPublish({ ...search, spec }, join(folder.value, spec.name), 'release');
  }
  return mine;
}

async function installBuild(search: Search, staging: string): Promise<Attempt<FoundTool>> {
  const built = await buildWithGo(search, join(staging, search.spec.name));
  if (!built.ok) return built;
  const tool = await checkAndPublish(search, built.value, 'go');
  return tool.ok ? tool : fail(`Go: the built ${search.spec.name}: ${tool.error}`);
}

/** Only a program that runs on this machine and reports the right version is moved into the cache. */
async function checkAndPublish(
  search: Search,
  program: string,
  source: ToolSource,
): Promise<Attempt<FoundTool>> {
  const tool = await tryProgram(search, program, source);
  if (!tool.ok) return tool;
  const path = await publish(search.spec, program, search.io.env);
  return ok({ ...tool.value, path });
}

async function unavailable(search: Search, reasons: readonly string[]): Promise<HarnessError> {
  const { spec } = search;
  const list = reasons.map((reason) => `  - ${reason.replaceAll('\n', '\n    ')}`).join('\n');
  return new HarnessError(
    'tool-unavailable',
    `${spec.name} ${rangeText(spec.range)} was not found and could not be installed:\n${list}`,
    { nextStep: await waysToProvide(search) },
  );
}

/** Every way to provide the tool, in one sentence. */
export async function waysToProvide({ spec, io }: Search): Promise<string> {
  const range = rangeText(spec.range);
  return [
    `provide ${spec.name} in one of these ways: set ${spec.pathVariable} to the path of a ${spec.name} ${range}`,
    `put a ${spec.name} ${range} on PATH`,
    `let this machine reach ${releaseUrl(spec.package, io.env)} (or set SLA_RELEASES_URL to a mirror with the same paths)`,
    `install Go with access to its modules (the pinned build needs Go ${await neededGoVersion(spec)})`,
  ].join('; or ');
}
