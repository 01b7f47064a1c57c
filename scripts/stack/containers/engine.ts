import { type ContainerRuntimeClient, getContainerRuntimeClient } from 'testcontainers';
import { HarnessError } from '../../errors.ts';

// testcontainers' reaper is a privileged container of one more image. Our watchdog removes what a killed harness leaves.
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
// It would take a machine that was itself made from an image for a container, and look for ports at the bridge's gateway. Ours
// are published on the loopback.
process.env.TESTCONTAINERS_HOST_OVERRIDE = '127.0.0.1';

/** The container engine of this machine: the part of its API that testcontainers leaves out. */
export type Engine = ContainerRuntimeClient['container']['dockerode'];

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];
const ANSWER_LIMIT_MS = 15_000;

/** Throws HarnessError `no-engine` where there is none, and `remote-engine` where it is on another machine. */
export async function findEngine(): Promise<Engine> {
  const client = await bounded(getContainerRuntimeClient(), 'the container engine').catch((cause: Error) => {
    throw new HarnessError('no-engine', `no container engine answers: ${cause.message}`, {
      nextStep: 'start Docker (docker info must answer), or leave out --stack containers',
      cause,
    });
  });
  const { dockerode } = client.container;
  const { socketPath, host } = dockerode.modem as { socketPath?: string; host?: string };
  if (socketPath === undefined && !LOOPBACK.includes(host ?? '')) {
    throw new HarnessError('remote-engine', `the container engine is on another machine: ${host}`, {
      nextStep: 'folders of this machine are shared with the containers: use an engine that runs here',
    });
  }
  return dockerode;
}

/** Rejects after a while: an engine that accepts a connection need not answer. */
async function bounded<T>(work: Promise<T>, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`${what} did not answer within ${ANSWER_LIMIT_MS / 1000} s`)),
    ANSWER_LIMIT_MS,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The stack that a container or network belongs to. */
export const STACK_LABEL = 'sla-harness.stack';
export const PART_LABEL = 'sla-harness.part';

const of = (id: string) => ({ filters: { label: [`${STACK_LABEL}=${id}`] } });

/** Removes every container and network of a stack, whatever state it is in. */
export async function sweep(engine: Engine, id: string): Promise<void> {
  const containers = await engine.listContainers({ all: true, ...of(id) });
  await Promise.all(
    containers.map((one) => ignoringGone(engine.getContainer(one.Id).remove({ force: true, v: true }))),
  );
  const networks = await engine.listNetworks(of(id));
  await Promise.all(networks.map((one) => ignoringGone(engine.getNetwork(one.Id).remove())));
}

/** 404: it is gone; 409: it is being removed by somebody else. */
const ignoringGone = (work: Promise<unknown>) => ignoring([404, 409], work);

/** Waits for the engine, and takes answers of these statuses for good ones. */
export async function ignoring(statuses: readonly number[], work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!statuses.includes((error as { statusCode?: number }).statusCode ?? 0)) throw error;
  }
}
