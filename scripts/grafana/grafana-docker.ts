import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { HarnessError } from '../cli/errors.ts';
import type { Io } from '../cli/io.ts';
import { type Running, start, waitFor } from '../process/processes.ts';
import { IMAGES } from '../stack/images.ts';

/** A temporary Grafana for reviewing a run: the official image, with data source and dashboards from files. */

export const GRAFANA_IMAGE = IMAGES.grafana;

const ASK_MS = 15_000;
/** The image has about 200 MB. */
const PULL_MS = 15 * 60_000;
const START_PATIENCE_MS = 120_000;
const GRACE_MS = 15_000;

export interface GrafanaOptions {
  /** Texts by file name. */
  readonly dashboards: ReadonlyMap<string, string>;
  /** An address on this machine. */
  readonly prometheusUrl: string;
  /** A folder for provisioning files and the log. Its content is deleted first. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface GrafanaInDocker extends AsyncDisposable {
  /** Viewing needs no password. */
  readonly url: string;
  /** The address of Grafana with the user and password that may write annotations. */
  readonly adminUrl: string;
  /** Resolves when Grafana has ended. */
  readonly ended: Promise<unknown>;
}

/**
 * Finds Docker and the image, which is pulled if it is missing. Throws HarnessError `no-docker` or
 * `no-image`.
 */
export async function prepareGrafana(options: Asking & Pick<Io, 'progress'>): Promise<void> {
  await findDocker(options);
  await findImage(options);
}

/**
 * Starts a Grafana that listens on this machine only and is removed when disposed of. Throws the same errors
 * as `start`.
 */
export async function startGrafana(options: GrafanaOptions): Promise<GrafanaInDocker> {
  await writeProvisioning(options);
  const [port, password] = [await freePort(), randomBytes(12).toString('hex')];
  const name = `sla-grafana-${randomBytes(4).toString('hex')}`;
  await using cleanup = new AsyncDisposableStack();
  // If the docker process is killed, its container would keep running.
  cleanup.defer(() => removeContainer(name, options));
  const container = cleanup.use(await runContainer(name, port, password, options));
  const url = `http://127.0.0.1:${port}`;
  await waitFor(container, 'getting ready', START_PATIENCE_MS, options.signal, () => isReady(url));
  const owned = cleanup.move();
  return {
    url,
    adminUrl: `http://admin:${password}@127.0.0.1:${port}`,
    ended: container.exited,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

// ---------------------------------------------------------------------------------------------- docker

type Asking = Pick<GrafanaOptions, 'env' | 'signal'>;

const docker = (args: readonly string[], timeoutMs: number, { env, signal }: Asking) =>
  promisify(execFile)('docker', args, { env: { ...env }, signal, timeout: timeoutMs });

const INSTEAD = 'or use a Grafana that is already running: --grafana URL (and GRAFANA_TOKEN)';

async function findDocker(options: Asking): Promise<void> {
  try {
    await docker(['version', '--format', '{{.Server.Version}}'], ASK_MS, options);
  } catch (cause) {
    options.signal.throwIfAborted();
    throw new HarnessError(
      'no-docker',
      `Docker, which starts Grafana, does not respond: ${describeCause(cause)}`,
      {
        nextStep: `install and start Docker (docker version must show a server), ${INSTEAD}`,
        cause,
      },
    );
  }
}

async function findImage(options: Asking & Pick<Io, 'progress'>): Promise<void> {
  const isThere = await docker(['image', 'inspect', GRAFANA_IMAGE], ASK_MS, options).catch(() => null);
  if (isThere !== null) return;
  options.progress(`pulling the image ${GRAFANA_IMAGE}`);
  try {
    await docker(['pull', GRAFANA_IMAGE], PULL_MS, options);
  } catch (cause) {
    options.signal.throwIfAborted();
    throw new HarnessError(
      'no-image',
      `the image ${GRAFANA_IMAGE} cannot be pulled: ${describeCause(cause)}`,
      {
        nextStep: `fetch it on a machine with network access (docker pull ${GRAFANA_IMAGE}, docker save and docker load), ${INSTEAD}`,
        cause,
      },
    );
  }
}

/** The last line of output usually has the reason. */
function describeCause(cause: unknown): string {
  const { stderr = '', message } = cause as { readonly stderr?: string; readonly message: string };
  return stderr.trim().split('\n').at(-1) || message.split('\n')[0]!;
}

/**
 * The container keeps no data. Docker reads the password from its environment, so the process list does not show it.
 */
async function runContainer(
  name: string,
  port: number,
  password: string,
  { folder, env }: GrafanaOptions,
): Promise<Running> {
  const settings = {
    GF_AUTH_ANONYMOUS_ENABLED: 'true',
    GF_SECURITY_ADMIN_PASSWORD: password,
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
    GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    GF_LOG_LEVEL: 'warn',
    ...(IS_LINUX ? { GF_SERVER_HTTP_ADDR: '127.0.0.1', GF_SERVER_HTTP_PORT: String(port) } : {}),
  };
  const network = IS_LINUX ? ['--network', 'host'] : ['--publish', `127.0.0.1:${port}:3000`];
  const mounts = [
    [join(folder, 'provisioning'), '/etc/grafana/provisioning'],
    [join(folder, 'dashboards'), DASHBOARDS],
  ].flatMap(([from, to]) => ['--volume', `${from}:${to}:ro`]);
  const variables = Object.keys(settings).flatMap((key) => ['--env', key]);
  const args = ['run', '--rm', '--name', name, ...network, ...variables, ...mounts, GRAFANA_IMAGE];
  const logFile = join(folder, 'grafana.log');
  return start('Grafana', 'docker', args, { env: { ...env, ...settings }, cwd: folder, logFile });
}

/** On other systems, containers run in a virtual machine, which has a host name for this machine. */
const IS_LINUX = process.platform === 'linux';

async function removeContainer(name: string, { env }: GrafanaOptions): Promise<void> {
  const unhindered = { env, signal: AbortSignal.timeout(GRACE_MS) };
  await docker(['rm', '--force', name], GRACE_MS, unhindered).catch(() => {});
}

// ---------------------------------------------------------------------------------------------- inputs

const DASHBOARDS = '/var/lib/grafana/sla-dashboards';

/** World-readable, because Grafana runs as another user. */
async function writeProvisioning({ folder, dashboards, prometheusUrl }: GrafanaOptions): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const seen = new URL(prometheusUrl);
  if (!IS_LINUX && /^(127\.|localhost$)/.test(seen.hostname)) seen.hostname = 'host.docker.internal';
  const source = { name: 'Prometheus', type: 'prometheus', uid: 'sla-prometheus', access: 'proxy' };
  const files = new Map<string, string>([
    [
      join('provisioning', 'datasources', 'sla.yaml'),
      stringify({
        apiVersion: 1,
        datasources: [
          {
            ...source,
            url: seen.href,
            isDefault: true,
            jsonData: { timeInterval: '1s', httpMethod: 'POST' },
          },
        ],
      }),
    ],
    [
      join('provisioning', 'dashboards', 'sla.yaml'),
      stringify({
        apiVersion: 1,
        providers: [{ name: 'sla-harness', type: 'file', options: { path: DASHBOARDS } }],
      }),
    ],
    ...[...dashboards].map(([name, text]) => [join('dashboards', name), text] as const),
  ]);
  for (const [name, text] of files) {
    await mkdir(join(folder, name, '..'), { recursive: true, mode: 0o755 });
    await writeFile(join(folder, name), text, { mode: 0o644 });
  }
}

// ---------------------------------------------------------------------------------------------- its address

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function isReady(url: string): Promise<true | null> {
  try {
    return (await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(2000) })).ok ? true : null;
  } catch {
    return null;
  }
}
