import { type ContainerRuntimeClient, getContainerRuntimeClient } from 'testcontainers';
import { HarnessError } from '../../cli/errors.ts';

// The reaper of testcontainers is a privileged container from another image. Our watchdog removes the containers that a
// killed harness leaves behind.
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
// If this machine was itself created from an image, testcontainers would treat it as a container. It would then look for
// ports at the bridge's gateway, but ours are published on the loopback interface.
process.env.TESTCONTAINERS_HOST_OVERRIDE = '127.0.0.1';

/** The container engine of this machine: the parts of its API that testcontainers does not cover. */
export type Engine = ContainerRuntimeClient['container']['dockerode'];

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
const ANSWER_LIMIT_MS = 15_000;
/** The engine removes a container only once its process has ended, which a busy disk can delay. */
const REMOVE_LIMIT_MS = 60_000;

/** Throws HarnessError `no-engine` if there is no engine, and `remote-engine` if it is on another machine. */
export async function findEngine(): Promise<Engine> {
  const client = await bounded(getContainerRuntimeClient(), 'the container engine').catch((cause: Error) => {
    throw new HarnessError('no-engine', `no container engine responds: ${cause.message}`, {
      nextStep: 'start Docker (docker info must succeed), or leave out --stack containers',
      cause,
    });
  });
  const { dockerode } = client.container;
  const { socketPath, host } = dockerode.modem as { socketPath?: string; host?: string };
  if (socketPath === undefined && !LOOPBACK.includes(host ?? '')) {
    throw new HarnessError('remote-engine', `the container engine is on another machine: ${host}`, {
      nextStep: 'containers mount folders of this machine: use an engine that runs here',
    });
  }
  return dockerode;
}

/**
 * Rejects after a time limit, because an engine may accept a connection and never respond.
 *
 * @param what the operation, for the message
 */
export async function bounded<T>(work: Promise<T>, what: string, limitMs = ANSWER_LIMIT_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      reject(
        new HarnessError('engine-silent', `${what} did not respond within ${limitMs / 1000} s`, {
          nextStep: 'check that docker ps responds, then try again',
        }),
      ),
    limitMs,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The id of the stack that a container or network belongs to. */
export const STACK_LABEL = 'sla-harness.stack';
export const PART_LABEL = 'sla-harness.part';

const of = (id: string) => ({ filters: { label: [`${STACK_LABEL}=${id}`] } });

/** Removes every container and network of a stack, in any state. */
export async function sweep(engine: Engine, id: string): Promise<void> {
  const within = <T>(work: Promise<T>, what: string) =>
    bounded(work, `the container engine, asked to ${what},`, REMOVE_LIMIT_MS);
  const containers = await within(engine.listContainers({ all: true, ...of(id) }), 'list containers');
  const removed = containers.map((one) =>
    ignoringGone(engine.getContainer(one.Id).remove({ force: true, v: true })),
  );
  await within(Promise.all(removed), 'remove containers');
  const networks = await within(engine.listNetworks(of(id)), 'list networks');
  const parted = networks.map((one) => ignoringGone(engine.getNetwork(one.Id).remove()));
  await within(Promise.all(parted), 'remove networks');
}

/** 404: the object no longer exists; 409: another process is removing it. */
const ignoringGone = (work: Promise<unknown>) => ignoring([404, 409], work);

/** Waits for the engine's response. The given statuses also count as success. */
export async function ignoring(statuses: readonly number[], work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!statuses.includes((error as { statusCode?: number }).statusCode ?? 0)) throw error;
  }
}
