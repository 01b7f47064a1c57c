import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Running, start, waitFor } from '../process/processes.ts';
import { isOk } from '../stack/listening.ts';
import { ROOT } from './sla.ts';

/** Third-party services with common instrumentation at its defaults, for tests of the adoption of the gate. */

const SOURCES = join(ROOT, 'scripts', 'e2e', 'adoption');
const INSTALL_MS = 600_000;
const START_MS = 120_000;

export interface Adoption {
  /** Its folder in scripts/e2e/adoption. */
  readonly name: string;
  /** Commands that install the service into its folder, from the package registries. */
  readonly install: readonly (readonly string[])[];
  readonly run: readonly string[];
  /** Path of its metrics. */
  readonly metricsPath?: string;
  /** Metrics are on a separate port. */
  readonly hasMetricsPort?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Options of `init` in addition to the address. */
  readonly init: readonly string[];
}

const installations = new Map<string, Promise<string>>();

/**
 * Copies its sources and installs its packages, once for each version of the sources, even if several tests run at the same
 * time.
 */
export function installed(adoption: Adoption): Promise<string> {
  const known = installations.get(adoption.name) ?? installedNow(adoption);
  installations.set(adoption.name, known);
  return known;
}

async function installedNow({ name, install }: Adoption): Promise<string> {
  const source = join(SOURCES, name);
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const files = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  const texts = await Promise.all(files.toSorted().map((file) => readFile(file, 'utf8')));
  const hash = createHash('sha256')
    .update(JSON.stringify([texts, install]))
    .digest('hex')
    .slice(0, 12);
  const caches = process.env.SLA_CACHE_DIR ?? join(process.env.HOME ?? homedir(), '.cache', 'sla-harness');
  const folder = join(caches, 'adoption', `${name}-${hash}`);
  if (!(await isThere(join(folder, 'installed')))) {
    const staging = `${folder}.${process.pid}`;
    await mkdir(staging, { recursive: true });
    await cp(source, staging, { recursive: true });
    for (const [command, ...args] of install) await runToEnd(name, command!, args, staging);
    await mkdir(join(staging, 'installed'));
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
  }
  return folder;
}

const isThere = (folder: string) =>
  readFile(folder).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'EISDIR',
  );

async function runToEnd(name: string, command: string, args: readonly string[], cwd: string): Promise<void> {
  const logFile = join(cwd, 'install.log');
  await using process_ = await start(`installation of ${name}`, command, args, {
    cwd,
    env: process.env,
    logFile,
  });
  const timer = setTimeout(() => void process_.stop(), INSTALL_MS);
  const { code } = await process_.exited;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${process_.tail(30)}`);
}

/** Below the range of ephemeral ports, so that no outgoing connection takes the port between two starts of a service. */
const PORTS = { from: 20_000, count: 12_000 };

/** Returns a port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

export interface Ports {
  readonly service: number;
  readonly metrics: number;
}

/**
 * Starts the service; its faults are shares of its requests. When the promise resolves, the service has served no
 * request yet.
 */
export async function startAdopted(
  adoption: Adoption,
  folder: string,
  ports: Ports,
  faults: Readonly<Record<string, string>>,
  logFolder: string,
): Promise<Running> {
  const [command, ...args] = adoption.run.map((part) => part.replace('PORT', String(ports.service)));
  const service = await start(adoption.name, command!, args, {
    cwd: folder,
    env: {
      ...process.env,
      ...adoption.env,
      ...faults,
      PORT: String(ports.service),
      METRICS_PORT: String(ports.metrics),
    },
    logFile: join(logFolder, `${adoption.name}.log`),
  });
  await waitFor(service, 'answering', START_MS, new AbortController().signal, () =>
    isOk(metricsUrl(adoption, ports)),
  );
  return service;
}

export const metricsUrl = ({ metricsPath = '/metrics', hasMetricsPort }: Adoption, ports: Ports) =>
  `http://127.0.0.1:${hasMetricsPort ? ports.metrics : ports.service}${metricsPath}`;
