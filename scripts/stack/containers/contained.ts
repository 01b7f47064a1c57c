import { createWriteStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { HarnessError } from '../../cli/errors.ts';
import { type Exit, type Started, tailOf } from '../../process/processes.ts';
import { bounded, type Engine, ignoring, PART_LABEL, STACK_LABEL } from './engine.ts';

/** The properties that all containers of a stack share. */
export interface Surroundings {
  readonly engine: Engine;
  /** The id of the stack, which is a label on its containers. */
  readonly id: string;
  /** The folder for the logs, one file for each container. */
  readonly logs: string;
  readonly signal: AbortSignal;
}

export interface Contained extends Started {
  readonly id: string;
  /** The address at which a port of the container is published, for example http://127.0.0.1:32768. */
  url(port: number): string;
}

const START_PATIENCE_MS = 90_000;
const GRACE_MS = 10_000;
/** The time for reading the log, in addition to the time in which a container may stop by itself. */
const KILL_LIMIT_MS = 30_000;
/** The time for reading the last lines of the log after the container has ended. */
const LOG_PATIENCE_MS = 5_000;

/** Publishes ports on the loopback interface only. By default, testcontainers publishes them on every interface. */
class LocalContainer extends GenericContainer {
  publish(ports: readonly number[]): this {
    this.withExposedPorts(...ports);
    this.hostConfig.PortBindings = Object.fromEntries(
      ports.map((port) => [`${port}/tcp`, [{ HostIp: '127.0.0.1', HostPort: '0' }]]),
    );
    return this;
  }
}

export interface ContainerSpec {
  /** The container's name in messages and the name of its log file. */
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly mounts?: readonly { source: string; target: string; mode: 'ro' | 'rw' }[];
  readonly user?: string;
  readonly workingFolder?: string;
  /** Either a separate network with published ports and a host name, or the network namespace of another container. */
  readonly network:
    | { readonly name: string; readonly ports: readonly number[] }
    | { readonly shared: string };
  /** The path that responds with 2xx on the first port once the container is ready. */
  readonly readyPath?: string;
}

/**
 * Starts a container and waits until it is ready. The log is written while the container runs. Throws HarnessError
 * `container-failed` with the last lines of the log.
 */
export async function startContainer(spec: ContainerSpec, around: Surroundings): Promise<Contained> {
  around.signal.throwIfAborted();
  const logFile = join(around.logs, `${spec.name}.log`);
  let logged: Promise<void> = Promise.resolve();
  const container = describe(spec, around).withLogConsumer((stream: Readable) => {
    logged = pipeline(stream, createWriteStream(logFile)).catch(() => {});
  });
  let started: StartedTestContainer;
  try {
    started = await container.start();
  } catch (cause) {
    around.signal.throwIfAborted();
    await atMost(logged, LOG_PATIENCE_MS);
    throw failed(spec, logFile, cause as Error);
  }
  return running(spec, started, logFile, () => logged, around);
}

function describe(spec: ContainerSpec, { id }: Surroundings): GenericContainer {
  const container = new LocalContainer(spec.image)
    .withLabels({ [STACK_LABEL]: id, [PART_LABEL]: spec.name })
    .withEnvironment({ ...spec.environment })
    .withStartupTimeout(START_PATIENCE_MS)
    .withCopyContentToContainer(
      Object.entries(spec.files ?? {}).map(([target, content]) => ({ target, content, mode: 0o644 })),
    );
  if (spec.command.length > 0) container.withCommand([...spec.command]);
  if (spec.mounts !== undefined) container.withBindMounts([...spec.mounts]);
  if (spec.user !== undefined) container.withUser(spec.user);
  if (spec.workingFolder !== undefined) container.withWorkingDir(spec.workingFolder);
  if ('shared' in spec.network) return container.withNetworkMode(`container:${spec.network.shared}`);
  const { name, ports } = spec.network;
  container.publish(ports).withNetworkMode(name).withNetworkAliases(spec.name);
  return spec.readyPath === undefined
    ? container
    : container.withWaitStrategy(
        Wait.forHttp(spec.readyPath, ports[0]!, { abortOnContainerExit: true }).forStatusCodeMatching(
          (status) => status >= 200 && status < 300,
        ),
      );
}

function failed(spec: ContainerSpec, logFile: string, cause: Error): HarnessError {
  const tail = existsSync(logFile) ? tailOf(logFile) : '';
  const told = tail === '' ? '' : ` Its last log lines:\n${tail}`;
  return new HarnessError(
    'container-failed',
    `the container of ${spec.name} (${spec.image}) did not start: ${cause.message}.${told}`,
    { nextStep: `see ${logFile}`, cause },
  );
}

function running(
  spec: ContainerSpec,
  started: StartedTestContainer,
  logFile: string,
  logged: () => Promise<void>,
  { engine }: Surroundings,
): Contained {
  const handle = engine.getContainer(started.getId());
  let ended: Exit | null = null;
  const exited = handle.wait().then(
    async ({ StatusCode }: { StatusCode: number }) => {
      const atSeconds = Date.now() / 1000;
      // Code that awaits the end of the container reads its log next, so the log must be complete.
      await atMost(logged(), LOG_PATIENCE_MS);
      ended = { ...exitOf(StatusCode), atSeconds };
      return ended;
    },
    // The engine has stopped, or another process has removed the container.
    (): Exit => {
      ended = { code: null, signal: 'SIGKILL', atSeconds: Date.now() / 1000 };
      return ended;
    },
  );
  const stop = async (graceMs = GRACE_MS) => {
    // 304: the container has already stopped; 404: another process has removed it.
    const stopped = async () => {
      if (ended === null) await ignoring([304, 404], handle.stop({ t: Math.ceil(graceMs / 1000) }));
      return await exited;
    };
    // A killed container ends at once, unless the engine hangs. In that case, the watchdog removes it later.
    return await bounded(
      stopped(),
      `the container engine, asked to stop ${spec.name},`,
      graceMs + KILL_LIMIT_MS,
    );
  };
  return {
    name: spec.name,
    id: started.getId(),
    logFile,
    exited,
    exit: () => ended,
    stop,
    tail: (lines) => tailOf(logFile, lines),
    url: (port) => `http://127.0.0.1:${started.getMappedPort(port)}`,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** By shell convention, the exit code is 128 plus the number of the signal that ended the container. */
const exitOf = (status: number): Pick<Exit, 'code' | 'signal'> =>
  status === 137 ? { code: null, signal: 'SIGKILL' } : { code: status, signal: null };

async function atMost(work: Promise<void>, patienceMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, patienceMs);
  await Promise.race([work, late]);
  clearTimeout(timer);
}
