import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { type Exit, formatExit } from '../process/processes.ts';
import { watchStack } from '../process/watchdog.ts';
import type { ToolIo } from '../tools/types.ts';
import { type Contained, type Surroundings, startContainer } from './containers/contained.ts';
import { bounded, findEngine, STACK_LABEL, sweep } from './containers/engine.ts';
import type { ResolvedImage } from './containers/image-store.ts';
import {
  type Part,
  type PartName,
  PROMETHEUS_PORT,
  PROXIED_PORT,
  SERVICE_PORT,
  TOXIPROXY_PORT,
  type Wanted,
} from './containers/parts.ts';
import { findIngredients, type ImageKey } from './containers/stack-images.ts';
import type { GeneratorPlace, Stack } from './stack.ts';
import { standIn, type Toxic } from './toxiproxy.ts';

export interface ContainerStackOptions {
  /** The project's folder. */
  readonly root: string;
  readonly toolIo: ToolIo & { readonly signal: AbortSignal };
  readonly wanted: Omit<Wanted, 'toxiproxy'>;
  /** The folder for the logs. */
  readonly folder: string;
  /** The fault between the load and the service, if any. */
  readonly toxic?: Toxic;
}

/**
 * Runs the service, Prometheus, Alertmanager and Grafana as containers on a separate network. Their ports are published on
 * the loopback interface only. All containers are removed on disposal, or if one of them does not start.
 */
export async function startContainerStack(options: ContainerStackOptions): Promise<Stack> {
  const { toolIo, folder, root, toxic } = options;
  const engine = await findEngine();
  const wanted = { ...options.wanted, toxiproxy: toxic !== undefined };
  const { parts, images, leftOut } = await findIngredients(wanted, { engine, toolIo, root });
  await using cleanup = new AsyncDisposableStack();
  const around = { engine, id: randomBytes(6).toString('hex'), logs: folder, signal: toolIo.signal };
  const network = await openNetwork(around, cleanup);
  toolIo.progress(`starting ${[...images.keys()].join(', ')} in containers`);
  const running = await startAll(parts, images, network, around, root, cleanup);
  const generators = await placeOfLoad(running, images.get('k6')!, toxic, around);
  const owned = cleanup.move();
  return {
    kind: 'containers',
    serviceUrl: running.get('service')!.url(SERVICE_PORT),
    prometheusUrl: running.get('prometheus')!.url(PROMETHEUS_PORT),
    isOurs: true,
    images: [...images.values()],
    others: addressesOf(parts, running),
    leftOut,
    generators,
    incidents: async () => [...running.values()].flatMap(incidentOf),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Creates the stack's network and returns its name. Its cleanup also removes containers that are left over: those that did
 * not start completely, and those of k6.
 */
async function openNetwork({ engine, id }: Surroundings, cleanup: AsyncDisposableStack): Promise<string> {
  const label = `${STACK_LABEL}=${id}`;
  cleanup.defer(watchStack(label));
  cleanup.defer(() => sweep(engine, id));
  const name = `sla-${id}`;
  const made = engine.createNetwork({ Name: name, Labels: { [STACK_LABEL]: id } });
  await bounded(made, 'the container engine, asked to create a network,');
  return name;
}

/** The addresses of the parts that have web pages. */
function addressesOf(parts: readonly Part[], running: ReadonlyMap<PartName, Contained>) {
  const shown = parts.filter(({ name }) => LOOKED_AT.has(name) && running.has(name));
  return Object.fromEntries(shown.map(({ name, ports }) => [name, running.get(name)!.url(ports[0]!)]));
}

const LOOKED_AT: ReadonlySet<PartName> = new Set(['alertmanager', 'grafana', 'jaeger']);

const incidentOf = (part: Contained): string[] => {
  const exit: Exit | null = part.exit();
  return exit === null
    ? []
    : [`the container of ${part.name} ended during the run, with ${formatExit(exit)}`];
};

// ---------------------------------------------------------------------------------------------- parts

/**
 * Starts all parts at once, except Prometheus: scrapes of a service that is still loading its model would trigger alerts.
 * Each part is passed to `cleanup` as soon as it runs. If one part fails, the whole start fails.
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

/** k6 shares the network namespace of the service, or of the proxy in front of the service. */
async function placeOfLoad(
  running: ReadonlyMap<PartName, Contained>,
  k6: ResolvedImage,
  toxic: Toxic | undefined,
  around: Surroundings,
): Promise<GeneratorPlace> {
  const proxy = running.get('toxiproxy');
  if (proxy === undefined || toxic === undefined)
    return loadGeneratorsIn(running.get('service')!, SERVICE_PORT, k6, around);
  await standIn(proxy.url(TOXIPROXY_PORT), toxic, around.signal);
  return loadGeneratorsIn(proxy, PROXIED_PORT, k6, around);
}

/** Runs k6 in the network namespace of the container that it loads, so that the requests stay on its loopback interface. */
function loadGeneratorsIn(
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
          // k6 runs as the current user, so that this user owns its files.
          ...(process.getuid === undefined ? {} : { user: `${process.getuid()}:${process.getgid!()}` }),
          workingFolder: root,
          network: { shared: target.id },
        },
        around,
      ),
  };
}
