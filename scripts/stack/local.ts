import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allocatorSettings } from '../../service/allocator.ts';
import { formatExit, type Running, start, waitFor } from '../process/processes.ts';
import { type AlertmanagerOptions, startAlertmanager } from './alertmanager.ts';
import { startJaeger } from './jaeger.ts';
import { isOk, listeningAddress, START_PATIENCE_MS } from './listening.ts';
import { takeSnapshot } from './prometheus-admin.ts';
import { prometheusConfig, type RemoteWrite } from './prometheus-config.ts';
import type { Stack } from './stack.ts';

export interface LocalStackOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly prometheusPath: string;
  /** Labels of the service's series, including `job`; the document's selector contains the same labels. */
  readonly selector: Readonly<Record<string, string>>;
  /** The folder for the logs and the configuration of Prometheus. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly faults?: string;
  readonly servicePort?: number;
  /** Processes of the service, each on a port of its own; default 1. */
  readonly replicas?: number;
  /** Recording and alerting rules as YAML, which Prometheus evaluates every second. */
  readonly rules?: string;
  /** The address of the Alertmanager; absent: alerts are not sent. */
  readonly alertmanager?: AlertmanagerOptions;
  /** The Jaeger that receives the service's traces; absent: the service's own environment settings apply. */
  readonly jaegerPath?: string;
  /** Makes Prometheus forward its samples to another server with a delay. */
  readonly remoteWrite?: RemoteWrite;
  /** Whether two jobs scrape the same service. */
  readonly isScrapedTwice?: boolean;
  /** Whether Prometheus's administrative API is enabled. Only snapshots need it; it can also delete data. */
  readonly withSnapshots?: boolean;
}

/** Runs the service and a Prometheus as processes on this machine, on free ports. Prometheus scrapes every second. */
export async function startLocalStack(options: LocalStackOptions): Promise<Stack> {
  await using cleanup = new AsyncDisposableStack();
  const data = join(options.folder, 'prometheus-data');
  await rm(data, { recursive: true, force: true });
  cleanup.defer(() => rm(data, { recursive: true, force: true }));
  const jaeger = await maybeJaeger(options, cleanup);
  const services = await startReplicas(options, cleanup, jaeger?.otlpUrl);
  const urls = await Promise.all(services.map((one) => serviceAddress(one, options.signal)));
  const [serviceUrl] = urls;
  const alertmanager = await maybeAlertmanager(options, cleanup);
  const prometheus = cleanup.use(await startPrometheus(options, urls, data, alertmanager?.url));
  const [prometheusUrl] = await Promise.all([
    listeningAddress(prometheus, options.signal),
    ...services.map((one, index) => serviceReady(one, urls[index]!, options.signal)),
  ]);
  const owned = cleanup.move();
  return {
    kind: 'local',
    serviceUrl: serviceUrl!,
    ...(urls.length === 1 ? {} : { replicaUrls: urls }),
    prometheusUrl,
    others: {
      ...(alertmanager === null ? {} : { Alertmanager: alertmanager.url }),
      ...(jaeger === null ? {} : { Jaeger: jaeger.url }),
    },
    isOurs: true,
    incidents: async () =>
      [...services, prometheus, alertmanager?.process, jaeger?.process]
        .filter((process) => process !== undefined)
        .flatMap(incidentOf),
    ...(options.withSnapshots === true
      ? { snapshot: (folder) => takeSnapshot(prometheusUrl, data, folder, options.signal) }
      : {}),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function maybeAlertmanager(
  { alertmanager, folder, env, signal }: LocalStackOptions,
  cleanup: AsyncDisposableStack,
) {
  return alertmanager === undefined ? null : startAlertmanager(alertmanager, folder, env, signal, cleanup);
}

async function maybeJaeger(
  { jaegerPath, folder, env, signal }: LocalStackOptions,
  cleanup: AsyncDisposableStack,
) {
  return jaegerPath === undefined ? null : startJaeger(jaegerPath, folder, env, signal, cleanup);
}

function incidentOf(process: Running): string[] {
  const exit = process.exit();
  return exit === null ? [] : [`the ${process.name} ended during the run, with ${formatExit(exit)}`];
}

// ---------------------------------------------------------------------------------------------- service

async function startReplicas(
  options: LocalStackOptions,
  cleanup: AsyncDisposableStack,
  otlpUrl: string | undefined,
): Promise<readonly Running[]> {
  const services: Running[] = [];
  for (let number = 1; number <= (options.replicas ?? 1); number++)
    services.push(cleanup.use(await startService(options, otlpUrl, number)));
  return services;
}

/** @param number which replica it is, from 1 */
export function startService(
  { root, env, folder, faults, servicePort }: LocalStackOptions,
  otlpUrl?: string,
  number = 1,
): Promise<Running> {
  const { SLA_FAULTS: _, SLA_FAULTS_ALLOW: __, ...clean } = env;
  const suffix = number === 1 ? '' : `-${number}`;
  return start(
    number === 1 ? 'service' : `replica ${number} of the service`,
    process.execPath,
    [join(root, 'service', 'server.ts')],
    {
      cwd: root,
      env: {
        ...allocatorSettings,
        ...clean,
        HOST: '127.0.0.1',
        PORT: String(servicePort ?? 0),
        NODE_ENV: 'production',
        // The address is read from a log line, and the service logs it at this level.
        LOG_LEVEL: 'info',
        ...(otlpUrl === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl }),
        // In production, the service refuses faults unless they are allowed explicitly. This stack injects them on purpose.
        ...(faults === undefined ? {} : { SLA_FAULTS: faults, SLA_FAULTS_ALLOW: '1' }),
      },
      logFile: join(folder, `service${suffix}.log`),
    },
  );
}

/** The system chooses the port, and the service logs its address. */
export function serviceAddress(service: Running, signal: AbortSignal): Promise<string> {
  return waitFor(service, 'starting to listen', START_PATIENCE_MS, signal, async () => {
    const line = /^\{.*"msg":"listening".*\}$/m.exec(await readFile(service.logFile, 'utf8'));
    return line === null ? null : (JSON.parse(line[0]) as { address: string }).address;
  });
}

export async function serviceReady(service: Running, url: string, signal: AbortSignal): Promise<void> {
  await waitFor(service, 'loading the model', START_PATIENCE_MS, signal, () => isOk(`${url}/health/ready`));
}

// ---------------------------------------------------------------------------------------------- Prometheus

export async function startPrometheus(
  options: LocalStackOptions,
  serviceUrls: readonly string[],
  data: string,
  alertmanagerUrl?: string,
): Promise<Running> {
  const config = join(options.folder, 'prometheus.yml');
  const ruleFiles = await writeRules(options);
  const targets = serviceUrls.map((url) => new URL(url).host);
  const alertmanager = alertmanagerUrl === undefined ? {} : { alertmanager: new URL(alertmanagerUrl).host };
  const remoteWrite = options.remoteWrite === undefined ? {} : { remoteWrite: options.remoteWrite };
  await writeFile(
    config,
    prometheusConfig({
      selector: options.selector,
      targets,
      ruleFiles,
      ...alertmanager,
      ...remoteWrite,
      ...(options.isScrapedTwice === undefined ? {} : { isScrapedTwice: options.isScrapedTwice }),
    }),
  );
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    '--web.listen-address=127.0.0.1:0',
    // Without this setting, the first scrape happens 5 s after the start.
    '--scrape.discovery-reload-interval=100ms',
    // Without this setting, Prometheus drops exemplars, which link to traces.
    '--enable-feature=exemplar-storage',
    ...(options.withSnapshots === true ? ['--web.enable-admin-api'] : []),
  ];
  return start('Prometheus', options.prometheusPath, args, {
    cwd: options.folder,
    env: options.env,
    logFile: join(options.folder, 'prometheus.log'),
  });
}

/** A Prometheus that scrapes nothing; it stores the samples that another Prometheus forwards. */
export async function startReceiver(
  { prometheusPath, env }: Pick<LocalStackOptions, 'prometheusPath' | 'env'>,
  folder: string,
): Promise<Running> {
  const config = join(folder, 'receiver.yml');
  await writeFile(config, 'scrape_configs: []\n');
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'receiver-data')}`,
    '--web.listen-address=127.0.0.1:0',
    '--web.enable-remote-write-receiver',
  ];
  return start('receiving Prometheus', prometheusPath, args, {
    cwd: folder,
    env,
    logFile: join(folder, 'receiver.log'),
  });
}

/**
 * Writes the rules, if there are any. Resolves to the names of the rule files, which the Prometheus configuration refers to.
 */
async function writeRules({ rules, folder }: LocalStackOptions): Promise<readonly string[]> {
  if (rules === undefined) return [];
  await writeFile(join(folder, 'rules.yaml'), rules);
  return ['rules.yaml'];
}
