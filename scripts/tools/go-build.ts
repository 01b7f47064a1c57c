import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fail, ok } from '../../slas/model/result.ts';
import { type CommandResult, describeResult, runCommand } from './command.ts';
import { reportProgress } from './progress.ts';
import type { ToolSpec } from './specs.ts';
import type { Attempt, Search, ToolIo, ToolLimits } from './types.ts';
import { isGoAtLeast } from './version.ts';

/** From this version on, go downloads the newer Go that a go.mod requires, unless GOTOOLCHAIN=local. */
const FIRST_WITH_TOOLCHAINS = '1.21';

/** The minimum Go version according to the tool's go.mod. */
export async function neededGoVersion(spec: ToolSpec): Promise<string> {
  const text = await readFile(join(spec.package.go.folder, 'go.mod'), 'utf8');
  return /^go (\S+)$/m.exec(text)?.[1] ?? '1.0';
}

/** The Go that can build the tool on this machine, or why there is none. Downloads and builds nothing. */
export async function checkGo(search: Search): Promise<Attempt<string>> {
  const { spec, io, limits } = search;
  const needed = await neededGoVersion(spec);
  // With GOTOOLCHAIN=local and outside of any module, go reports its own version and downloads nothing.
  const version = await askGo(['version'], { ...io, env: { ...io.env, GOTOOLCHAIN: 'local' } }, limits);
  if (version.kind === 'not-started') return fail('Go: no go on PATH');
  const installed = version.kind === 'exited' ? /\bgo(\d+\.\S+)/.exec(version.output)?.[1] : undefined;
  if (installed === undefined) return fail(`Go: its version is unknown (${describeResult(version)})`);
  if (isGoAtLeast(installed, needed) || (await fetchesToolchains(installed, io, limits))) {
    return ok(installed);
  }
  return fail(
    `Go: ${installed} is installed, ${spec.name} needs ${needed} or newer,` +
      ' and this go does not fetch a newer one (it is older than 1.21, or GOTOOLCHAIN=local)',
  );
}

/** Builds the tool from its pinned modules and writes it to `output`. On failure, returns the last lines of go's output. */
export async function buildWithGo(search: Search, output: string): Promise<Attempt<string>> {
  const { spec, io, limits } = search;
  const go = await checkGo(search);
  if (!go.ok) return go;
  const what = `building ${spec.name} ${spec.package.version} with Go`;
  using _progress = reportProgress(io, limits, (seconds) => `${what} … ${seconds} s`);
  const { folder, tags, linkerFlags } = spec.package.go;
  const args = ['build', `-tags=${tags.join(',')}`, '-trimpath', '-buildvcs=false', '-ldflags', linkerFlags];
  const result = await runCommand('go', [...args, '-o', output, spec.goPackage], {
    cwd: folder,
    // go's work folder is next to the output file, so that a build that is stopped leaves nothing elsewhere.
    env: { ...buildEnv(io.env), GOTMPDIR: dirname(output) },
    limitMs: limits.buildMs,
    signal: io.signal,
  });
  return result.kind === 'exited' && result.exitCode === 0
    ? ok(output)
    : fail(`Go: the build with Go ${go.value} failed (${describeResult(result)})`);
}

/** Builds a program for this machine from this go.mod alone, ignoring settings that the caller has for other projects. */
function buildEnv(env: ToolIo['env']): ToolIo['env'] {
  return { ...env, CGO_ENABLED: '0', GOWORK: 'off', GOOS: '', GOARCH: '', PWD: undefined };
}

async function fetchesToolchains(installed: string, io: ToolIo, limits: ToolLimits): Promise<boolean> {
  if (!isGoAtLeast(installed, FIRST_WITH_TOOLCHAINS)) return false;
  const answer = await askGo(['env', 'GOTOOLCHAIN'], io, limits);
  return answer.kind === 'exited' && answer.exitCode === 0 && answer.output.trim() !== 'local';
}

function askGo(args: readonly string[], io: ToolIo, limits: ToolLimits): Promise<CommandResult> {
  const options = { cwd: tmpdir(), env: io.env, limitMs: limits.versionMs, signal: io.signal };
  return runCommand('go', args, options);
}
