import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../../cli/errors.ts';
import type { Io } from '../../cli/io.ts';
import type { Generating } from '../../run/k6-arguments.ts';
import { parseSummary } from '../../run/k6-summary.ts';
import { IMAGES } from '../images.ts';
import type { RemoteGenerators, RemoteLoad, RemoteStarted, Stack } from '../stack.ts';
import { archiveOf, pathInArchive } from './archive.ts';
import { type Kubectl, kubectlOf } from './kubectl.ts';
import { forwardLastingly, type LastingForward } from './lasting-forward.ts';
import { configFile, type LoadSpec, RECORD } from './manifests.ts';
import type { RunnerSettings } from './runner-settings.ts';
import { type Runners, startRunners } from './runners.ts';
import { clusterAddressesOf } from './target.ts';
import { WARM_UP_CHECK, warmUpScript } from './warm-up-script.ts';

/** Sends load from a cluster to a service in that cluster or elsewhere. Starts only the load generators. */

export interface KubernetesOptions {
  readonly target: string;
  /** null: the service `prometheus` in the namespace sentiment-analysis, reached through `kubectl port-forward`. */
  readonly prometheus: string | null;
  readonly context?: string;
  /** The namespace of the load generators. */
  readonly namespace: string;
  readonly settings: RunnerSettings;
  readonly k6: Generating;
  /** The name of the run folder. */
  readonly run: string;
}

/** The Prometheus that k8s/ deploys next to the sentiment service. */
const PROMETHEUS = { namespace: 'sentiment-analysis', service: 'prometheus', port: 9090 } as const;

const OPERATOR = 'testruns.k6.io';

export async function openKubernetes(options: KubernetesOptions, io: Io): Promise<Stack> {
  const { signal } = io;
  const kubectl = kubectlOf({
    env: io.env,
    ...(options.context === undefined ? {} : { context: options.context }),
  });
  await using cleanUp = new AsyncDisposableStack();
  const addresses = await clusterAddressesOf(options.target, kubectl, signal);
  const withOperator = await hasOperator(kubectl, signal);
  refuseUnusable(withOperator, options.settings);
  io.progress(
    `load generators: ${withOperator ? 'a TestRun of k6-operator' : 'an indexed Job'} in namespace ${options.namespace}`,
  );
  const forwarded =
    options.prometheus === null
      ? cleanUp.use(await forwardLastingly(kubectl, PROMETHEUS, io.progress, signal))
      : null;
  const started: Runners[] = [];
  const remote = remoteIn({ options, kubectl, addresses, withOperator, started, io });
  const owned = cleanUp.move();
  return {
    kind: 'existing',
    serviceUrl: options.target.replace(/\/$/, ''),
    prometheusUrl: options.prometheus ?? forwarded!.url,
    isOurs: false,
    remote,
    incidents: async () => {
      // The forwarded port must be open now, because the evidence is queried next.
      const closed = await closedIn(forwarded);
      const all = [...started.flatMap(lossesOf), ...closed];
      return all.length === 0 ? null : all;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Kubernetes may have to schedule and start the Prometheus pod again before the port can be reopened. */
const REOPEN_LIMIT_MS = 60_000;

const closedIn = async (forwarded: LastingForward | null): Promise<readonly string[]> =>
  forwarded === null || (await forwarded.untilOpen(REOPEN_LIMIT_MS))
    ? []
    : [
        `the connection to Prometheus (kubectl port-forward) ended, and could not be opened again within ${REOPEN_LIMIT_MS / 1000} s`,
      ];

async function hasOperator(kubectl: Kubectl, signal: AbortSignal): Promise<boolean> {
  const kinds = await kubectl.run(['api-resources', '--api-group=k6.io', '-o', 'name'], { signal });
  return kinds.split('\n').includes(OPERATOR);
}

function refuseUnusable(withOperator: boolean, { hostNetwork }: RunnerSettings): void {
  if (!withOperator || hostNetwork !== true) return;
  throw new HarnessError('no-host-network', 'k6-operator cannot run load generators with hostNetwork', {
    nextStep: 'leave hostNetwork out of the file of --runner',
  });
}

interface World {
  readonly options: KubernetesOptions;
  readonly kubectl: Kubectl;
  readonly addresses: readonly string[];
  readonly withOperator: boolean;
  /** Each load adds its load generators to this list. */
  readonly started: Runners[];
  readonly io: Io;
}

/** The time that pods may need in addition to the load: for scheduling, pulling images, and reading the record. */
const AROUND_SECONDS = 900;
const WARM_UP_SECONDS = 120;

function remoteIn(world: World): RemoteGenerators {
  const { options, addresses } = world;
  const serviceUrl = options.target.replace(/\/$/, '');
  return {
    serviceUrl,
    addresses,
    startAll: async (load) => await startAll(load, world),
    warmUp: async (planned, args) => {
      const folder = await mkdtemp(join(tmpdir(), 'sla-warm-up-'));
      try {
        const script = join(folder, 'warm-up.js');
        await writeFile(script, warmUpScript(planned));
        const summaryFile = join(folder, 'summary.json');
        const [file] = [{ summaryFile, logFile: join(folder, 'warm-up.log'), samples: () => {} }];
        await using started = await startAll(
          {
            ...{ script, cwd: folder, archiveEnv: { SLA_TARGET: serviceUrl }, loadFile: null },
            args: ['--no-color', '--no-usage-report', ...args],
            ...{ names: ['warm-up'], files: [file], longestSeconds: WARM_UP_SECONDS },
          },
          { ...world, withOperator: false },
        );
        await started.each[0]!.exited;
        return await countedIn(summaryFile);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function countedIn(summaryFile: string) {
  const text = await readFile(summaryFile, 'utf8').catch(() => null);
  const checks = text === null ? [] : parseSummary(JSON.parse(text)).checks;
  const { passes = 0, fails = 0 } = checks.find(({ name }) => name === WARM_UP_CHECK) ?? {};
  return { successes: passes, others: fails, errors: 0, meanMs: 0 };
}

async function startAll(load: RemoteLoad, world: World): Promise<RemoteStarted> {
  const { options, kubectl, withOperator, io } = world;
  const archive = await archiveOf({
    k6: options.k6.path,
    script: load.script,
    cwd: load.cwd,
    env: { ...load.archiveEnv },
    signal: io.signal,
  });
  const token = io.env.SLA_TARGET_TOKEN || null;
  const runners = await startRunners({
    spec: specOf(load, token !== null, world),
    ...{ withOperator, archive, token, names: load.names, files: load.files, kubectl },
    ...{ k6Version: options.k6.version, signal: io.signal, progress: io.progress },
  });
  world.started.push(runners);
  return {
    each: runners.each,
    startedSeconds: runners.startedSeconds,
    problems: () => [...runners.clockProblems, ...runners.each.flatMap(({ problem }) => problem ?? [])],
    [Symbol.asyncDispose]: () => runners[Symbol.asyncDispose](),
  };
}

const lossesOf = ({ each }: Runners) => each.flatMap(({ loss }) => loss ?? []);

function specOf(load: RemoteLoad, hasToken: boolean, { options }: World): LoadSpec {
  return {
    name: `sla-${randomBytes(4).toString('hex')}`,
    namespace: options.namespace,
    run: options.run,
    count: load.names.length,
    args: [
      ...load.args,
      ...['--config', configFile],
      ...['--out', `csv=${RECORD}/samples.csv`, '--summary-export', `${RECORD}/summary.json`],
    ],
    env: {
      ...(load.loadFile === null ? {} : { SLA_LOAD: pathInArchive(load.loadFile) }),
      SLA_TARGET: options.target.replace(/\/$/, ''),
      SLA_SUMMARY: `${RECORD}/own-summary.json`,
      K6_CSV_TIME_FORMAT: 'unix_micro',
      K6_AUTO_EXTENSION_RESOLUTION: 'false',
    },
    hasToken,
    image: options.settings.image ?? IMAGES.k6,
    settings: options.settings,
    deadlineSeconds: Math.ceil(load.longestSeconds) + AROUND_SECONDS,
  };
}
