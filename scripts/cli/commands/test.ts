import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { onAbort } from '../../process/processes.ts';
import { temporaryFolder } from '../../run/disk.ts';
import { toolIo } from '../../run/prepare.ts';
import { openCluster } from '../../stack/kube-node/cluster.ts';
import { findChromium } from '../../tools/chromium.ts';
import { findTool } from '../../tools/find-tool.ts';
import type { Register } from '../command.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) =>
  void program
    .command('test')
    .description('lint, type-check and run the tests')
    .argument('[args...]', 'passed to vitest: names of test files, --coverage, …')
    .option(
      '--full',
      'run all tests: this takes twice as long, and needs a container engine, Chromium, and tools that take minutes to build once',
    )
    .option(
      '--kubernetes',
      'run the tests that need a Kubernetes cluster, on a one-node cluster that is started for them (needs root; building it once takes about 11 minutes)',
    )
    .allowUnknownOption()
    .action(async (args: string[], options: TestOptions) => done(await test(args, options, io)));

interface TestOptions {
  readonly full?: boolean;
  readonly kubernetes?: boolean;
}

/** Tests that run only with `--full`: some machines cannot run them, or they build a tool for minutes. */
interface Demanding {
  readonly what: string;
  readonly files: readonly string[];
  /** Whether this machine lacks something that the tests need; null: they run on any machine, but take long. */
  readonly isMissing: ((env: Io['env']) => boolean) | null;
  /** The environment variable that skips the tests, if only a part of a file is left out. */
  readonly variable?: string;
}

const DEMANDING: readonly Demanding[] = [
  {
    what: 'the stack and the gate in containers',
    files: ['scripts/e2e/containers.test.ts', 'scripts/e2e/gate-image.test.ts'],
    isMissing: null,
  },
  {
    what: 'the npm package and the tutorial: installed from the registry, on Node 22 and 24',
    files: ['scripts/e2e/installed.test.ts', 'scripts/e2e/tutorial.test.ts'],
    isMissing: null,
  },
  {
    what: 'VictoriaMetrics, Prometheus 2 and Jaeger',
    files: [
      'scripts/e2e/deduplication.test.ts',
      'scripts/e2e/servers.test.ts',
      'scripts/e2e/same-windows.test.ts',
      'scripts/e2e/traces.test.ts',
      'scripts/e2e/traffic-history.test.ts',
    ],
    isMissing: null,
  },
  {
    what: 'the search for capacity, a stack that stays up, k6 scripts against the sentiment service',
    files: [
      'scripts/e2e/capacity.test.ts',
      'scripts/e2e/capacity-replicas.test.ts',
      'scripts/e2e/stack.test.ts',
      'scripts/e2e/own-script.test.ts',
    ],
    isMissing: null,
  },
  {
    what: 'the bench, and variants of tests that ran: seven of ten k6 scripts, most runs until decided and interruptions, …',
    files: [],
    isMissing: null,
    variable: 'SLA_SKIP_LONG',
  },
  {
    what: 'services in JavaScript, Python, Go and Java that `./sla init` adopts',
    files: ['scripts/e2e/adoption.test.ts', 'scripts/e2e/adoption-languages.test.ts'],
    isMissing: null,
  },
  {
    what: 'reports and the page of the service in Chromium (none was found)',
    files: [],
    isMissing: (env) => findChromium(env) === undefined,
    variable: 'SLA_SKIP_BROWSER',
  },
];

/** Runs the linter, the type checker and the tests (or those that the arguments name) with the real tools. */
export async function test(
  args: readonly string[],
  { full, kubernetes }: TestOptions,
  io: Io,
): Promise<ExitCode> {
  if (kubernetes) return testOnCluster(args, io);
  const tools = await Promise.all(
    (['k6', 'prometheus', 'promtool', 'alertmanager', 'kustomize'] as const).map((name) =>
      findTool(name, toolIo(io)),
    ),
  );
  const paths = Object.fromEntries(tools.map(({ name, path }) => [`${name.toUpperCase()}_BIN`, path]));
  await using cache = args.includes('--coverage') ? null : await compileCache();
  // A test that the command line names always runs.
  const isWhole = args.every((arg) => arg.startsWith('-'));
  const skipped =
    full || !isWhole ? [] : DEMANDING.filter(({ isMissing }) => isMissing === null || isMissing(io.env));
  const skips = Object.fromEntries(skipped.flatMap(({ variable }) => (variable ? [[variable, '1']] : [])));
  const excludes = skipped.flatMap(({ files }) => files).flatMap((file) => ['--exclude', file]);
  const steps: [string, string[]][] = [
    ['biome', ['ci', '--colors=off', '.']],
    ['tsc', ['--noEmit', '-p', '.']],
    ['vitest', ['run', ...args, ...excludes]],
  ];
  for (const [tool, toolArgs] of steps) {
    io.progress(`${tool} ${toolArgs.join(' ')}`);
    const command = join(io.root, 'node_modules', '.bin', tool);
    const code = await runStep(command, toolArgs, { ...paths, ...skips, ...cache?.env }, io);
    io.signal.throwIfAborted();
    if (code !== 0) return reportSkipped(skipped, io, 4);
  }
  return reportSkipped(skipped, io, 0);
}

/** Runs the tests named `*.cluster.test.ts`, one file at a time. Whatever runs in the cluster is removed with the cluster. */
async function testOnCluster(args: readonly string[], io: Io): Promise<ExitCode> {
  const names = ['k6', 'prometheus', 'promtool', 'alertmanager', 'kustomize'] as const;
  const tools = await Promise.all(names.map((name) => findTool(name, toolIo(io))));
  const paths = Object.fromEntries(tools.map(({ name, path }) => [`${name.toUpperCase()}_BIN`, path]));
  await using cluster = await openCluster(toolIo(io));
  if (!cluster.isOurs) io.progress('using the cluster that is already running; it stays up');
  const env = { ...paths, KUBECONFIG: cluster.env.KUBECONFIG!, SLA_CLUSTER: '1' };
  const command = join(io.root, 'node_modules', '.bin', 'vitest');
  const bin = cluster.env.PATH!;
  const code = await runStep(command, ['run', '--project', '7-cluster', ...args], env, {
    ...io,
    env: { ...io.env, PATH: bin },
  });
  io.signal.throwIfAborted();
  return code === 0 ? 0 : 4;
}

/**
 * A cache of compiled files for this test run. Tests also run copies of the checkout, each under a different path. Entries
 * for these copies would stay in the launcher's cache forever. Coverage is less precise with a cache.
 */
async function compileCache() {
  const folder = await temporaryFolder();
  return {
    env: { NODE_COMPILE_CACHE: folder.path },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Printed in the last lines, so that skipped tests are not overlooked. */
function reportSkipped(skipped: readonly Demanding[], { env, progress }: Io, code: ExitCode): ExitCode {
  for (const { what } of skipped) progress(`not tested: ${what}; include it by ./sla test --full`);
  for (const name of ['SLA_SKIP_CONTAINERS', 'SLA_SKIP_BROWSER', 'SLA_SKIP_LONG'])
    if (env[name] === '1') progress(`not tested, because of ${name}=1: what needs it`);
  return code;
}

/** Runs a tool of the project with this process's standard output and standard error. Resolves to its exit code. */
export function runStep(
  command: string,
  args: readonly string[],
  paths: Record<string, string>,
  io: Io,
): Promise<number | null> {
  const bin = join(io.root, 'node_modules', '.bin');
  const env = { ...io.env, ...paths, PATH: `${bin}:${io.env.PATH}` };
  const child = spawn(command, args, { cwd: io.root, env, stdio: 'inherit' });
  onAbort(io.signal, () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
