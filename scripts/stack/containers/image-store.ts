import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { HarnessError } from '../../cli/errors.ts';
import type { ToolIo } from '../../tools/types.ts';
import { IMAGES, type PulledImage } from '../images.ts';
import { buildOffline, OFFLINE, offlineTag } from '../offline-images/build.ts';
import type { Engine } from './engine.ts';

/** An image from which containers can be started. */
export interface ResolvedImage {
  /** The tag in images.ts. */
  readonly name: string;
  /** The name or id from which containers are started. */
  readonly reference: string;
  /** The digest in the image's registry (`sha256:…`), or the id of an image that was built here. */
  readonly digest: string;
  readonly source: 'registry' | 'built here';
}

export interface ImageWorld {
  readonly engine: Engine;
  readonly toolIo: ToolIo;
  /** The project's folder. */
  readonly root: string;
}

const LOCK = new URL('../images.lock.json', import.meta.url);

/** The digests by tag, as resolved by the first pull. */
function readLock(): Record<string, string> {
  try {
    return JSON.parse(readFileSync(LOCK, 'utf8')) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/**
 * Gets the image by its locked digest, or else by its tag. If no registry is reachable, builds an image of the same tool
 * here. Resolves to null if none of these works.
 */
export async function resolveImage(name: PulledImage, world: ImageWorld): Promise<ResolvedImage | null> {
  const tag = IMAGES[name];
  const present = (await find(tag, world.engine)) ?? (await findBuilt(name, world.engine));
  if (present !== null) return present;
  world.toolIo.progress(`pulling ${tag}`);
  const problem = await pull(locked(tag), world);
  if (problem === null) {
    const pulled = (await find(tag, world.engine))!;
    await lock(tag, pulled.digest);
    return pulled;
  }
  world.toolIo.signal?.throwIfAborted();
  if (!(name in OFFLINE)) {
    world.toolIo.progress(`${name} is left out: ${tag} cannot be pulled (${problem}), nor built here`);
    return null;
  }
  world.toolIo.progress(`${tag} cannot be pulled (${problem}): building it here`);
  await buildOffline(name as keyof typeof OFFLINE, world);
  return await findBuilt(name, world.engine);
}

/** Builds an image whose official version is in another registry, so that it is never pulled. */
export async function resolveBuilt(
  name: 'toxiproxy' | 'prometheus-kubernetes',
  world: ImageWorld,
): Promise<ResolvedImage> {
  const reference = offlineTag(name)!;
  if ((await inspect(reference, world.engine)) === null) await buildOffline(name, world);
  const { Id } = await world.engine.getImage(reference).inspect();
  return { name: reference, reference, digest: Id, source: 'built here' };
}

/** `prom/prometheus@sha256:…` once the digest is known, so that a moved tag has no effect. */
function locked(tag: string): string {
  const digest = readLock()[tag];
  return digest === undefined ? tag : `${tag.replace(/:[^:/]*$/, '')}@${digest}`;
}

async function lock(tag: string, digest: string): Promise<void> {
  const sorted = Object.entries({ ...readLock(), [tag]: digest }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  await writeFile(LOCK, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

async function find(tag: string, engine: Engine): Promise<ResolvedImage | null> {
  const reference = locked(tag);
  const found = await inspect(reference, engine);
  if (found === null) return null;
  const digest = found.RepoDigests?.[0]?.split('@')[1];
  // The tag refers to an image that was built here, which has no digest.
  return digest === undefined
    ? { name: tag, reference, digest: found.Id, source: 'built here' }
    : { name: tag, reference, digest, source: 'registry' };
}

async function findBuilt(name: PulledImage, engine: Engine): Promise<ResolvedImage | null> {
  const reference = offlineTag(name);
  const found = reference === null ? null : await inspect(reference, engine);
  return found === null
    ? null
    : { name: IMAGES[name], reference: reference!, digest: found.Id, source: 'built here' };
}

async function inspect(reference: string, engine: Engine) {
  try {
    return await engine.getImage(reference).inspect();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return null;
    throw error;
  }
}

/** The pull is abandoned if the registry sends nothing for this long. */
const STALL_MS = 60_000;

/** The reason why the image could not be pulled; null: it was pulled. */
async function pull(reference: string, { engine, toolIo }: ImageWorld): Promise<string | null> {
  try {
    const stream = await engine.pull(reference, {
      abortSignal: AbortSignal.any(
        [toolIo.signal, AbortSignal.timeout(STALL_MS)].filter((one) => one !== undefined),
      ),
    });
    await followed(engine, stream as NodeJS.ReadableStream & { destroy(error?: Error): void });
    return null;
  } catch (error) {
    return shortReason(error as Error);
  }
}

/** Resolves when the engine has finished. Rejects with the engine's error, or if the engine sends nothing for too long. */
export function followed(
  engine: Engine,
  stream: NodeJS.ReadableStream & { destroy(error?: Error): void },
  { silentMs = STALL_MS }: { readonly silentMs?: number } = {},
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const giveUp = () => {
    stream.destroy();
    reject(
      new HarnessError('engine-stalls', `the container engine sent nothing for ${silentMs / 1000} s`, {
        nextStep: 'check that docker info responds',
      }),
    );
  };
  let timer = setTimeout(giveUp, silentMs);
  let failure: Error | null = null;
  engine.modem.followProgress(
    stream,
    (broken: Error | null) => {
      clearTimeout(timer);
      const error = broken ?? failure;
      if (error === null) resolve();
      else reject(error);
    },
    ({ error }: { error?: string }) => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, silentMs);
      if (error !== undefined) failure = new Error(error.trimEnd());
    },
  );
  return promise;
}

const shortReason = ({ message }: Error) =>
  /(no such host|refused|timeout|timed out|not found|denied)/i.exec(message)?.[0] ?? message;
