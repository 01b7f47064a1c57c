import { GenericContainer } from 'testcontainers';
import { HarnessError } from '../../errors.ts';
import { BUILT, IMAGES } from '../images.ts';
import { type ImageWorld, type ResolvedImage, resolveBuilt, resolveImage } from './image-store.ts';
import { type Part, type PartName, partsOf, type Wanted } from './parts.ts';

export type ImageKey = PartName | 'k6';

/** What a stack is made of, as far as it can be had. */
export interface Ingredients {
  readonly parts: readonly Part[];
  readonly images: ReadonlyMap<ImageKey, ResolvedImage>;
  /** In words. */
  readonly leftOut: readonly string[];
}

/** Throws HarnessError `no-image` where one is missing that nothing can be done without. */
export async function findIngredients(wanted: Wanted, world: ImageWorld): Promise<Ingredients> {
  const all = partsOf(wanted);
  const images = await imagesOf(all, world);
  const isThere = (name: PartName) => images.has(name);
  const { logs, ...others } = wanted;
  // Nobody is told to send anything to what is not there.
  const parts = partsOf({
    ...others,
    tracing: wanted.tracing && isThere('jaeger'),
    ...(logs !== undefined && isThere('loki') && isThere('promtail') ? { logs } : {}),
  }).filter(({ name }) => isThere(name));
  const leftOut = all
    .filter(({ name }) => !isThere(name))
    .map(({ name }) => `${name}: its image can neither be pulled nor built here`);
  return { parts, images, leftOut };
}

/** An image for every part, and for k6; those of parts that can be done without are left out where they cannot be had. */
async function imagesOf(parts: readonly Part[], world: ImageWorld): Promise<Map<ImageKey, ResolvedImage>> {
  const names: ImageKey[] = [...parts.map(({ name }) => name), 'k6'];
  const images = new Map<ImageKey, ResolvedImage>();
  for (const name of names) {
    const image = await imageOf(name, world);
    if (image !== null) images.set(name, image);
    else if (NEEDED.has(name)) {
      throw new HarnessError('no-image', `there is no image of ${name}`, {
        nextStep: `docker pull ${IMAGES[name as keyof typeof IMAGES]}`,
      });
    }
  }
  return images;
}

const NEEDED: ReadonlySet<ImageKey> = new Set(['service', 'prometheus', 'k6', 'toxiproxy']);

function imageOf(name: ImageKey, world: ImageWorld): Promise<ResolvedImage | null> {
  if (name === 'service') return buildService(world);
  return name === 'toxiproxy' ? resolveBuilt(name, world) : resolveImage(name, world);
}

/** From the Dockerfile, which a user builds in the same way. The engine's own cache makes it short the second time. */
async function buildService(world: ImageWorld): Promise<ResolvedImage> {
  const base = await resolveImage('base', world);
  if (base === null)
    throw new HarnessError('no-image', 'there is no image to build on', {
      nextStep: `docker pull ${IMAGES.base}`,
    });
  const reference = `${BUILT.service}:${basedOn(base)}`;
  world.toolIo.progress('building the image of the service');
  try {
    await GenericContainer.fromDockerfile(world.root)
      .withBuildArgs({ BASE_IMAGE: base.reference })
      .build(reference, { deleteOnExit: false });
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
