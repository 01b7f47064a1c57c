import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { HarnessError } from '../../errors.ts';
import { onAbort } from '../../processes.ts';
import { BUILT, IMAGES } from '../images.ts';
import { followed, type ImageWorld, type ResolvedImage, resolveImage } from './image-store.ts';

/** npm from a slow registry takes minutes, and says nothing meanwhile. */
const LONGEST_MS = 15 * 60_000;

/**
 * From the Dockerfile, which a user builds in the same way. The engine's own cache makes it short the second time. Throws
 * HarnessError `no-image`, or the signal's reason at once when it aborts.
 */
export async function buildService(world: ImageWorld): Promise<ResolvedImage> {
  const base = await resolveImage('base', world);
  if (base === null)
    throw new HarnessError('no-image', 'there is no image to build on', {
      nextStep: `docker pull ${IMAGES.base}`,
    });
  const reference = `${BUILT.service}:${basedOn(base)}`;
  world.toolIo.progress('building the image of the service');
  try {
    await build(reference, base, world);
  } catch (cause) {
    world.toolIo.signal?.throwIfAborted();
    throw new HarnessError(
      'no-image',
      `the image of the service could not be built: ${(cause as Error).message}`,
      {
        nextStep: `see what it says: docker build --build-arg BASE_IMAGE=${base.reference} .`,
        cause,
      },
    );
  }
  const { Id } = await world.engine.getImage(reference).inspect();
  return { name: BUILT.service, reference, digest: Id, source: 'built here' };
}

/** Images on different bases are different ones. */
const basedOn = ({ source }: ResolvedImage) => (source === 'registry' ? 'latest' : 'offline');

/**
 * The engine gives a build up when whoever asked for it hangs up, and takes the containers of its steps away (`forcerm`). So
 * an interrupt hangs up, whether the engine has begun to answer or not.
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
    { t: reference, buildargs: { BASE_IMAGE: base.reference }, forcerm: true, abortSignal },
  )) as NodeJS.ReadableStream & { destroy(error?: Error): void };
  const forget = onAbort(abortSignal, () => stream.destroy(abortSignal.reason));
  try {
    await followed(engine, stream, { silentMs: LONGEST_MS });
  } finally {
    forget();
  }
}

/** The files that the Dockerfile copies; .dockerignore takes some of them out again. */
async function contextOf(root: string): Promise<string[]> {
  const entries = await readdir(join(root, 'service'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return ['Dockerfile', 'package.json', 'package-lock.json', ...files];
}
