import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { GenericContainer } from 'testcontainers';
import { HarnessError } from '../errors.ts';
import { type Exit, tellExit } from '../processes.ts';
import type { ToolIo } from '../tools/types.ts';
import { watchStack } from '../watchdog.ts';
import { type Contained, type Surroundings, startContainer } from './containers/contained.ts';
import { findEngine, STACK_LABEL, sweep } from './containers/engine.ts';
import { type ImageWorld, type ResolvedImage, resolveBuilt, resolveImage } from './containers/image-store.ts';
import {
  type Part,
  type PartName,
  PROMETHEUS_PORT,
  PROXIED_PORT,
  partsOf,
  SERVICE_PORT,
  TOXIPROXY_PORT,
  type Wanted,
} from './containers/parts.ts';
import { BUILT, IMAGES } from './images.ts';
import type { GeneratorPlace, Stack } from './stack.ts';
import { standIn, type Toxic } from './toxiproxy.ts';

export interface ContainerStackOptions {
  /** The project. */
  readonly root: string;
  readonly toolIo: ToolIo & { readonly signal: AbortSignal };
  readonly wanted: Omit<Wanted, 'toxiproxy'>;
  /** Where logs go. */
  readonly folder: string;
  /** What stands between the load and the service. */
  readonly toxic?: Toxic;
}

/**
 * Service, Prometheus, Alertmanager and Grafana as containers on a network of their own, with ports on this machine's loopback.
 * When it is disposed of, or could not be started whole, none of them is left.
 */
export async function startContainerStack(options: ContainerStackOptions): Promise<Stack> {
  const { toolIo, folder, root } = options;
  const engine = await findEngine();
  const parts = partsOf({ ...options.wanted, toxiproxy: options.toxic !== undefined });
  const world: ImageWorld = { engine, toolIo, root };
  const images = await imagesOf(parts, world);
  const id = randomBytes(6).toString('hex');
  await using cleanup = new AsyncDisposableStack();
  // Whatever the ends of single containers leave: half-started ones, and the network.
  cleanup.defer(() => sweep(engine, id));
  const unwatch = watchStack(`${STACK_LABEL}=${id}`);
  cleanup.defer(unwatch);
  const network = `sla-${id}`;
  await engine.createNetwork({ Name: network, Labels: { [STACK_LABEL]: id } });
  const around: Surroundings = { engine, id, logs: folder, signal: toolIo.signal };
  toolIo.progress(`starting ${[...images.keys()].join(', ')} in containers`);
  const running = await startAll(parts, images, network, around, root, cleanup);
  const service = running.get('service')!;
  const proxy = running.get('toxiproxy');
  if (proxy !== undefined) await standIn(proxy.url(TOXIPROXY_PORT), options.toxic!, toolIo.signal);
  const k6 = images.get('k6')!;
  const owned = cleanup.move();
  return {
    kind: 'containers',
    serviceUrl: service.url(SERVICE_PORT),
    prometheusUrl: running.get('prometheus')!.url(PROMETHEUS_PORT),
    isOurs: true,
    images: [...images.values()],
    others: addressesOf(parts, running),
    leftOut: parts
      .filter(({ name }) => !running.has(name))
      .map(({ name }) => `${name}: its image can neither be pulled nor built here`),
    generators: generatorsBeside(
      proxy ?? service,
      proxy === undefined ? SERVICE_PORT : PROXIED_PORT,
      k6,
      around,
    ),
    incidents: async () => [...running.values()].flatMap(incidentOf),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Of the parts that people look at. */
function addressesOf(parts: readonly Part[], running: ReadonlyMap<PartName, Contained>) {
  const shown = parts.filter(({ name }) => LOOKED_AT.has(name) && running.has(name));
  return Object.fromEntries(shown.map(({ name, ports }) => [name, running.get(name)!.url(ports[0]!)]));
}

const LOOKED_AT: ReadonlySet<PartName> = new Set(['alertmanager', 'grafana', 'jaeger']);

const incidentOf = (part: Contained): string[] => {
  const exit: Exit | null = part.exit();
  return exit === null ? [] : [`the container of ${part.name} ended in the middle, with ${tellExit(exit)}`];
};

// ---------------------------------------------------------------------------------------------- images

type ImageKey = PartName | 'k6';

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

// ---------------------------------------------------------------------------------------------- parts

/**
 * All at once, but for Prometheus: what it saw of a service that still loads its model would set off alerts. Each is given to
 * `cleanup` as soon as it runs. The first that fails fails all.
 */
async function startAll(
  parts: readonly Part[],
  images: ReadonlyMap<ImageKey, ResolvedImage>,
  network: string,
  around: Surroundings,
  root: string,
  cleanup: AsyncDisposableStack,
): Promise<Map<PartName, Contained>> {
  const running = new Map<PartName, Contained>();
  const startOne = async (part: Part) => {
    const image = images.get(part.name);
    if (image === undefined) return;
    const started = await startContainer(specOf(part, image, network, root), around);
    cleanup.use(started);
    running.set(part.name, started);
  };
  const isLast = ({ name }: Part) => name === 'prometheus';
  for (const some of [parts.filter((part) => !isLast(part)), parts.filter(isLast)]) {
    const ends = await Promise.allSettled(some.map(startOne));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
  return running;
}

const specOf = (part: Part, { reference }: ResolvedImage, network: string, root: string) => ({
  name: part.name,
  image: reference,
  command: part.command,
  environment: part.environment,
  files: part.files,
  mounts: Object.entries(part.folders).map(([target, source]) => ({
    target,
    source: resolve(root, source),
    mode: 'ro' as const,
  })),
  network: { name: network, ports: part.ports },
  readyPath: part.readyPath,
});

// ---------------------------------------------------------------------------------------------- load

/** k6 in the network of the container that it loads: its requests never leave that one's loopback. */
function generatorsBeside(
  target: Contained,
  port: number,
  { reference }: ResolvedImage,
  around: Surroundings,
): GeneratorPlace {
  return {
    serviceUrl: `http://127.0.0.1:${port}`,
    start: (name, args, { root, folder, environment }) =>
      startContainer(
        {
          name,
          image: reference,
          command: args,
          environment,
          mounts: [
            { source: root, target: root, mode: 'ro' },
            { source: folder, target: folder, mode: 'rw' },
          ],
          // What it writes belongs to whoever runs this.
          ...(process.getuid === undefined ? {} : { user: `${process.getuid()}:${process.getgid!()}` }),
          workingFolder: root,
          network: { shared: target.id },
        },
        around,
      ),
  };
}
