import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Io } from '../cli/io.ts';
import type { Running } from '../process/processes.ts';
import { listeningAddress } from '../stack/listening.ts';
import {
  type LocalStackOptions,
  serviceAddress,
  serviceReady,
  startPrometheus,
  startReceiver,
  startService,
} from '../stack/local.ts';
import type { CountingFront } from './counting-front.ts';
import { type Network, startNetwork } from './network.ts';
import { type Behaviour, passOn, type Relay, startRelay } from './relay.ts';

/**
 * Everything between the load, the service and Prometheus. Behaviours are created for each stage, because they may keep counts.
 */
export interface StageSpec {
  /** toxiproxy between the load and the service. */
  readonly network?: true;
  readonly front?: () => Behaviour;
  readonly scrape?: () => Behaviour;
  readonly api?: () => Behaviour;
  /** Queries go to a second Prometheus, which receives the scraped samples in batches of this duration. */
  readonly remoteWriteSeconds?: number;
  /** Two jobs scrape the service. */
  readonly isScrapedTwice?: true;
  /** A front and a metrics relay that belong together; they replace `front` and `scrape`. */
  readonly counting?: () => CountingFront;
  /** No Prometheus runs, unless the fault starts one. */
  readonly withoutPrometheus?: true;
}

/**
 * load ──▶ front ──▶ network ──▶ service ◀── scrape ◀── Prometheus ◀── api ◀── judge
 *
 * The same processes as the gate's own stack, with room between them for faults.
 */
export interface Stage extends AsyncDisposable {
  /** The address that the load is sent to. */
  readonly targetUrl: string;
  readonly prometheusUrl: string;
  /** The service's own address, bypassing everything in front of it. */
  readonly serviceUrl: string;
  readonly network: Network | null;
  readonly scrape: Relay;
  pidOf(name: 'service' | 'Prometheus'): number;
  /** Starts the service again at the same address after it has ended. */
  restartService(): Promise<void>;
  /** Another process replaces the service, and the old process completes its requests in flight. */
  replaceService(): Promise<void>;
  /** Starts an empty Prometheus, and removes the previous one, if any. */
  startPrometheus(): Promise<void>;
}

export interface StageOptions {
  readonly io: Io;
  readonly signal: AbortSignal;
  readonly folder: string;
  readonly prometheusPath: string;
  readonly toxiproxyPath: string | null;
  readonly selector: Readonly<Record<string, string>>;
  readonly faults: string | undefined;
  /** Settings of the service. */
  readonly env: Readonly<Record<string, string>>;
}

interface Service {
  readonly process: Running;
  readonly url: string;
}

/** Nothing listens on this port. */
const NOWHERE = 'http://127.0.0.1:9';

export async function openStage(spec: StageSpec, options: StageOptions): Promise<Stage> {
  await using guard = new AsyncDisposableStack();
  // This stack also disposes of everything that is started later.
  const owned = guard.use(new AsyncDisposableStack());
  let started = 0;
  const ownFolder = async (name: string) => {
    const folder = join(options.folder, `${name}-${++started}`);
    await mkdir(folder, { recursive: true });
    return folder;
  };
  const stackOptions = (folder: string): LocalStackOptions => ({
    root: options.io.root,
    env: { ...options.io.env, ...options.env },
    prometheusPath: options.prometheusPath,
    selector: options.selector,
    folder,
    signal: options.signal,
    ...(options.faults === undefined ? {} : { faults: options.faults }),
  });
  const serve = async (servicePort: number): Promise<Service> => {
    const process = owned.use(
      await startService({ ...stackOptions(await ownFolder('service')), servicePort }),
    );
    const url = await serviceAddress(process, options.signal);
    await serviceReady(process, url, options.signal);
    return { process, url };
  };

  let service = await serve(0);
  const network = spec.network
    ? owned.use(await networkTo(service.url, await ownFolder('network'), options))
    : null;
  const counting = spec.counting?.();
  const inFront = counting?.front ?? spec.front?.();
  const front = inFront && owned.use(await startRelay(network?.url ?? service.url, inFront));
  const scrape = owned.use(await startRelay(service.url, counting?.scrape ?? spec.scrape?.() ?? passOn));
  const api = owned.use(await startRelay(NOWHERE, spec.api?.() ?? passOn));
  let prometheus: Running | null = null;
  const observe = async () => {
    await prometheus?.stop();
    const folder = await ownFolder('prometheus');
    const receiver = spec.remoteWriteSeconds && owned.use(await startReceiver(stackOptions(folder), folder));
    const asked = receiver && (await listeningAddress(receiver, options.signal));
    const remoteWrite = asked && {
      remoteWrite: { url: `${asked}/api/v1/write`, batchSeconds: spec.remoteWriteSeconds },
    };
    const scraping = {
      ...stackOptions(folder),
      ...remoteWrite,
      ...(spec.isScrapedTwice ? { isScrapedTwice: true } : {}),
    };
    prometheus = owned.use(await startPrometheus(scraping, [scrape.url], join(folder, 'data')));
    const address = await listeningAddress(prometheus, options.signal);
    api.upstream = asked || address;
  };
  if (!spec.withoutPrometheus) await observe();
  const all = guard.move();
  return {
    targetUrl: front?.url ?? network?.url ?? service.url,
    prometheusUrl: api.url,
    get serviceUrl() {
      return service.url;
    },
    network,
    scrape,
    pidOf: (name) => (name === 'service' ? service.process : prometheus!).pid,
    restartService: async () => {
      await service.process.exited;
      service = await serve(Number(new URL(service.url).port));
    },
    replaceService: async () => {
      service = await serve(0);
      scrape.upstream = service.url;
      await network?.leadTo(service.url);
    },
    startPrometheus: observe,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function networkTo(serviceUrl: string, folder: string, { toxiproxyPath, signal }: StageOptions) {
  return startNetwork(toxiproxyPath!, serviceUrl, folder, signal);
}
