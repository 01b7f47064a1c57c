import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fail, ok } from '../../slas/model/result.ts';
import { HarnessError } from '../cli/errors.ts';
import { messageOf } from './cache.ts';
import { describeResult, runCommand } from './command.ts';
import { reportProgress } from './progress.ts';
import type { PackageSpec, ToolSpec } from './specs.ts';
import type { Attempt, ToolIo, ToolLimits } from './types.ts';

const DEFAULT_BASE_URL = 'https://github.com';
/** With transport compression, fetch would decompress the archive, and its checksum would no longer match. */
const IDENTITY = { 'accept-encoding': 'identity' };

/** The base URLs that did not respond, with the reason. A process tries each of them only once. */
export type UnreachableReleases = Map<string, string>;

export interface ReleaseContext {
  readonly io: ToolIo;
  readonly limits: ToolLimits;
  /** `platform-arch`, with the names that Node.js uses. */
  readonly platform: string;
  readonly unreachable: UnreachableReleases;
}

export function releaseUrl(spec: PackageSpec, env: ToolIo['env']): string {
  return `${releasesBaseUrl(env)}/${spec.release.folder}`;
}

function releasesBaseUrl(env: ToolIo['env']): string {
  return (env.SLA_RELEASES_URL || DEFAULT_BASE_URL).replace(/\/+$/, '');
}

/**
 * Whether a release for this platform is available: its checksum file could be read and lists an archive for this platform.
 */
export async function probeRelease(spec: PackageSpec, context: ReleaseContext): Promise<Attempt<string>> {
  using watchdog = new Watchdog(context.io.signal);
  const checksum = await fetchChecksum(spec, context, watchdog);
  return checksum.ok ? ok(releaseUrl(spec, context.io.env)) : checksum;
}

/**
 * Downloads the release's archive into `folder`, verifies it with the published checksum file, and unpacks it there. Returns
 * the folder that contains the programs. Not ok if no release is available for this machine. Throws HarnessError
 * `release-checksum` if the checksum is wrong.
 */
export async function downloadRelease(
  { package: spec, name: program }: Pick<ToolSpec, 'package' | 'name'>,
  folder: string,
  context: ReleaseContext,
): Promise<Attempt<string>> {
  using watchdog = new Watchdog(context.io.signal);
  const checksum = await fetchChecksum(spec, context, watchdog);
  if (!checksum.ok) return checksum;
  const { archive, sha256 } = checksum.value;
  const answer = await get(spec, archive, context, watchdog);
  if (!answer.ok) return answer;
  const path = join(folder, archive);
  const received = await receive(spec, path, answer.value, context, watchdog);
  if (!received.ok) return received;
  if (received.value !== sha256) {
    await rm(path, { force: true });
    throw checksumMismatch(`${releaseUrl(spec, context.io.env)}/${archive}`, sha256, received.value);
  }
  if (isProgram(archive)) return ok(await placeProgram(path, program));
  const unpacked = await unpack(path, archive, context);
  return spec.release.program === undefined || !unpacked.ok
    ? unpacked
    : ok(await placeProgram(join(`${path}.unpacked`, spec.release.program), program));
}

/** Also starts the timer, because the archive's response headers must arrive within `probeMs` from now. */
async function fetchChecksum(
  spec: PackageSpec,
  context: ReleaseContext,
  watchdog: Watchdog,
): Promise<Attempt<{ archive: string; sha256: string }>> {
  const archive = spec.release.archives[context.platform];
  if (archive === undefined) return fail(`release: none for ${context.platform}`);
  const baseUrl = releasesBaseUrl(context.io.env);
  const known = context.unreachable.get(baseUrl);
  if (known !== undefined) return fail(known);
  watchdog.arm(context.limits.probeMs, `no response within ${context.limits.probeMs / 1000} s`);
  const { checksums } = spec.release;
  const file = typeof checksums === 'string' ? checksums : (checksums[context.platform] ?? '');
  const answer = await get(spec, file, context, watchdog);
  if (!answer.ok) return answer;
  const text = await attempt(() => answer.value.text(), baseUrl, context, watchdog);
  if (!text.ok) return text;
  const sha256 = checksumOf(archive, text.value);
  return sha256 === null
    ? fail(`release: ${file} at ${baseUrl} does not name ${archive}`)
    : ok({ archive, sha256 });
}

/** Parses lines of the form `sha256  name` or `sha256 *name`. */
function checksumOf(archive: string, text: string): string | null {
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{64}) [ *](.+?)\r?$/i.exec(line);
    if (match?.[2] === archive && match[1] !== undefined) return match[1].toLowerCase();
  }
  return null;
}

async function get(
  spec: PackageSpec,
  file: string,
  context: ReleaseContext,
  watchdog: Watchdog,
): Promise<Attempt<Response>> {
  const url = `${releaseUrl(spec, context.io.env)}/${file}`;
  const baseUrl = releasesBaseUrl(context.io.env);
  const answer = await attempt(
    () => fetch(url, { signal: watchdog.signal, headers: IDENTITY }),
    baseUrl,
    context,
    watchdog,
  );
  if (!answer.ok || answer.value.ok) return answer;
  await answer.value.body?.cancel();
  return fail(`release: ${url} answered ${answer.value.status}`);
}

/**
 * Performs one step of the communication with the server. A failure is remembered, so that the next tool does not wait for
 * the server again.
 */
async function attempt<T>(
  step: () => Promise<T>,
  baseUrl: string,
  context: ReleaseContext,
  watchdog: Watchdog,
): Promise<Attempt<T>> {
  try {
    return ok(await step());
  } catch (error) {
    context.io.signal?.throwIfAborted();
    const reason = `release: ${baseUrl} cannot be reached (${watchdog.firedBecause ?? rootMessage(error)})`;
    context.unreachable.set(baseUrl, reason);
    return fail(reason);
  }
}

/** Writes the archive to `path`, and returns its SHA-256. Abandons a download that stalls or fails. */
async function receive(
  spec: PackageSpec,
  path: string,
  response: Response,
  { io, limits }: ReleaseContext,
  watchdog: Watchdog,
): Promise<Attempt<string>> {
  const hash = createHash('sha256');
  let bytes = 0;
  const megabytes = () => (bytes / 1e6).toFixed(0);
  using _progress = reportProgress(
    io,
    limits,
    (seconds) => `downloading ${spec.name} ${spec.version} … ${megabytes()} MB, ${seconds} s`,
  );
  const endMs = performance.now() + limits.downloadMs;
  async function* watched(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      const leftMs = endMs - performance.now();
      if (leftMs > limits.stallMs) watchdog.arm(limits.stallMs, `stalled after ${megabytes()} MB`);
      else watchdog.arm(leftMs, `not done within ${limits.downloadMs / 1000} s`);
      yield chunk;
    }
  }
  watchdog.arm(limits.stallMs, 'stalled at its start');
  try {
    const body = response.body;
    if (body === null) return fail('release: the archive was empty');
    await pipeline(Readable.fromWeb(body as never), watched, createWriteStream(path));
    return ok(hash.digest('hex'));
  } catch (error) {
    await rm(path, { force: true });
    io.signal?.throwIfAborted();
    return fail(`release: the download failed (${watchdog.firedBecause ?? rootMessage(error)})`);
  }
}

const isProgram = (archive: string) => !/\.(tar\.gz|zip)$/.test(archive);

/** Moves a downloaded program into a folder, under its own name. */
async function placeProgram(path: string, program: string): Promise<string> {
  const folder = `${path}.unpacked`;
  await mkdir(folder);
  await rename(path, join(folder, program));
  await chmod(join(folder, program), 0o755);
  return folder;
}

async function unpack(
  path: string,
  archive: string,
  { io, limits }: ReleaseContext,
): Promise<Attempt<string>> {
  const folder = `${path}.unpacked`;
  await mkdir(folder);
  const [program, args] = archive.endsWith('.zip')
    ? (['unzip', ['-q', path, '-d', folder]] as const)
    : (['tar', ['-xzf', path, '-C', folder]] as const);
  const options = { env: io.env, limitMs: limits.extractMs, signal: io.signal };
  const result = await runCommand(program, args, options);
  if (result.kind !== 'exited' || result.exitCode !== 0) {
    return fail(`release: ${archive} could not be unpacked by ${program} (${describeResult(result)})`);
  }
  return ok(join(folder, archive.replace(/\.(tar\.gz|zip)$/, '')));
}

/** A timer that aborts its signal if it is not restarted in time, or if the caller's signal aborts. */
class Watchdog implements Disposable {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  readonly signal: AbortSignal;
  firedBecause: string | null = null;

  constructor(outer: AbortSignal | undefined) {
    const own = this.#controller.signal;
    this.signal = outer === undefined ? own : AbortSignal.any([outer, own]);
  }

  arm(limitMs: number, reason: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.firedBecause = reason;
      this.#controller.abort(new Error(reason));
    }, limitMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** The cause of an error ("connect ECONNREFUSED 127.0.0.1:1"), which fetch wraps in a general message ("fetch failed"). */
function rootMessage(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? rootMessage(error.cause) : messageOf(error);
}

function checksumMismatch(url: string, expected: string, received: string): HarnessError {
  return new HarnessError(
    'release-checksum',
    `${url} does not match its checksum file: SHA-256 ${received}, expected ${expected}; it was deleted`,
    {
      nextStep:
        "run again; if the error persists, do not trust this source: set SLA_RELEASES_URL to another one, or set the tool's path",
    },
  );
}
