import { HarnessError } from '../../cli/errors.ts';
import { IMAGES } from '../images.ts';
import { type ImageWorld, type ResolvedImage, resolveBuilt, resolveImage } from './image-store.ts';
import { type Part, type PartName, partsOf, type Wanted } from './parts.ts';
import { buildService } from './service-image.ts';

export type ImageKey = PartName | 'k6';

/** The images of a stack that are available. */
export interface Ingredients {
  readonly parts: readonly Part[];
  readonly images: ReadonlyMap<ImageKey, ResolvedImage>;
  /** The reasons why images are not available. */
  readonly leftOut: readonly string[];
}

/** Throws HarnessError `no-image` if a required image is missing. */
export async function findIngredients(wanted: Wanted, world: ImageWorld): Promise<Ingredients> {
  const all = partsOf(wanted);
  const images = await imagesOf(all, world);
  const isThere = (name: PartName) => images.has(name);
  const { logs, ...others } = wanted;
  // No part is configured to send data to a part that is missing.
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

/** The images of all parts and of k6. Optional parts without an available image are left out. */
async function imagesOf(parts: readonly Part[], world: ImageWorld): Promise<Map<ImageKey, ResolvedImage>> {
  const names: ImageKey[] = [...parts.map(({ name }) => name), 'k6'];
  const images = new Map<ImageKey, ResolvedImage>();
  for (const name of names) {
    const image = await imageOf(name, world);
    if (image !== null) images.set(name, image);
    else if (NEEDED.has(name)) {
      throw new HarnessError('no-image', `there is no image for ${name}`, {
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
