import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { HarnessError } from '../../cli/errors.ts';
import { onAbort } from '../../process/processes.ts';
import { BUILT, IMAGES } from '../images.ts';
import { followed, type ImageWorld, type ResolvedImage, resolveImage } from './image-store.ts';

/** With a slow registry, npm takes minutes and prints nothing in the meantime. */
const LONGEST_MS = 15 * 60_000;

/**
 * Builds the image from the Dockerfile, as a user would. The engine's cache makes a second build fast. Throws HarnessError
 * `no-image`; rejects immediately with the signal's reason on abort.
 */
export async function buildService(world: ImageWorld): Promise<ResolvedImage> {
  const base = await resolveImage('base', world);
  if (base === null)
    throw new HarnessError('no-image', 'there is no base image', {
      nextStep: `docker pull ${IMAGES.base}`,
    });
  const reference = `${BUILT.service}:${basedOn(base)}`;
  world.toolIo.progress('building the service image');
  try {
    await build(reference, base, world);
  } catch (cause) {
    world.toolIo.signal?.throwIfAborted();
    throw new HarnessError('no-image', `the service image could not be built: ${(cause as Error).message}`, {
      nextStep: `see the output of docker build --build-arg BASE_IMAGE=${base.reference} .`,
      cause,
    });
  }
  const { Id } = await world.engine.getImage(reference).inspect();
  return { name: BUILT.service, reference, digest: Id, source: 'built here' };
}

/** The tag depends on the base image, because builds on different base images differ. */
const basedOn = ({ source }: ResolvedImage) => (source === 'registry' ? 'latest' : 'offline');

/**
 * The engine cancels a build when the client closes the connection, and removes its intermediate containers (`forcerm`). An
 * interrupt therefore closes the connection, even before the engine's first response.
 */
async function build(
  reference: string,
  base: ResolvedImage,
  { engine, toolIo, root }: ImageWorld,
): Promise<void> {
  const limit = AbortSignal.timeout(LONGEST_MS);
  const abortSignal = toolIo.signal === undefined ? limit : AbortSignal.any([toolIo.signal, limit]);
  const stream = (await engine.buildImage(
    { context: root, src: await contextOf(root) },
    {
      t: reference,
      target: 'service',
      buildargs: { BASE_IMAGE: base.reference },
      forcerm: true,
      abortSignal,
    },
  )) as NodeJS.ReadableStream & { destroy(error?: Error): void };
  const forget = onAbort(abortSignal, () => stream.destroy(abortSignal.reason));
  try {
    await followed(engine, stream, { silentMs: LONGEST_MS });
  } finally {
    forget();
  }
}

/** The files that the Dockerfile copies, without those that .dockerignore excludes. */
async function contextOf(root: string): Promise<string[]> {
  const entries = await readdir(join(root, 'service'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return ['Dockerfile', 'package.json', 'package-lock.json', ...files];
}
