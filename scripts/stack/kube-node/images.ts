import type { ToolIo } from '../../tools/types.ts';
import { findEngine } from '../containers/engine.ts';
import {
  type ImageWorld,
  type ResolvedImage,
  resolveBuilt,
  resolveImage,
} from '../containers/image-store.ts';
import { buildService } from '../containers/service-image.ts';
import { IMAGES } from '../images.ts';
import { loadImages } from './cluster.ts';

/** An entry of `images` in a kustomization.yaml: which image takes the place of the one that the manifests name. */
export interface Replacement {
  readonly name: string;
  readonly newName: string;
  readonly newTag: string;
}

/**
 * Brings what the manifests run into the cluster: the service, Prometheus and Alertmanager. Needs a container engine; without
 * an image registry, they are built here.
 */
export async function loadStackImages(root: string, toolIo: ToolIo): Promise<readonly Replacement[]> {
  const world: ImageWorld = { engine: await findEngine(), root, toolIo };
  const found: readonly (readonly [string, ResolvedImage])[] = [
    ['sentiment-api', await buildService(world)],
    [nameOf(IMAGES.prometheus), await prometheus(world)],
    [nameOf(IMAGES.alertmanager), (await resolveImage('alertmanager', world))!],
  ];
  await loadImages(
    found.map(([, { reference }]) => reference),
    toolIo,
  );
  return found.map(([name, { reference }]) => ({
    name,
    newName: nameOf(reference),
    newTag: tagOf(reference),
  }));
}

/** Ours is usually built without the discovery of pods; the official image has it. */
async function prometheus(world: ImageWorld): Promise<ResolvedImage> {
  const found = await resolveImage('prometheus', world);
  return found?.source === 'registry' ? found : await resolveBuilt('prometheus-kubernetes', world);
}

const nameOf = (reference: string) => reference.slice(0, reference.lastIndexOf(':'));
const tagOf = (reference: string) => reference.slice(reference.lastIndexOf(':') + 1);
