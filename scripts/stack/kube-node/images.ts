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

/**
 * Loads the images of the service, Prometheus and Alertmanager into the cluster, under the names in the manifests. Requires
 * a container engine. If no image registry is reachable, the images are built here.
 */
export async function loadStackImages(root: string, toolIo: ToolIo): Promise<void> {
  const world: ImageWorld = { engine: await findEngine(), root, toolIo };
  const found: readonly (readonly [string, ResolvedImage])[] = [
    [SERVICE_IMAGE, await buildService(world)],
    [IMAGES.prometheus, await prometheus(world)],
    [IMAGES.alertmanager, (await resolveImage('alertmanager', world))!],
  ];
  await loadImages(
    found.map(([name, { reference }]) => `${reference}=${name}`),
    toolIo,
  );
}

/** The image that k8s/service/deployment.yaml names; users build it themselves. */
export const SERVICE_IMAGE = 'sentiment-api:0.1.0';

/** Our own build of Prometheus usually cannot discover pods; the official image can. */
async function prometheus(world: ImageWorld): Promise<ResolvedImage> {
  const found = await resolveImage('prometheus', world);
  return found?.source === 'registry' ? found : await resolveBuilt('prometheus-kubernetes', world);
}
