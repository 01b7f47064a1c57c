import { join, resolve } from 'node:path';
import type { Load } from '../../slas/model/model.ts';
import { type Started, start } from '../process/processes.ts';
import type { Stack } from '../stack/stack.ts';
import type { FoundTool } from '../tools/types.ts';
import { TREND_STATS } from './k6-summary.ts';

/** Determines how k6 is started: its arguments and its environment. */

/** The path and the version of k6. */
export type Generating = Pick<FoundTool, 'path' | 'version'>;

export interface K6Options {
  readonly root: string;
  /** The operator's working directory, in which the operator's own script runs; default: the root. */
  readonly cwd?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly k6: Generating;
  /** The run folder, which receives k6's summaries. */
  readonly folder: string;
  readonly logs: string;
  /** Number of k6 processes that share the load; default 1. */
  readonly generators?: number;
}

/** The name of an empty k6 configuration file in the run folder. */
export const CONFIG_FILE = 'k6-config.json';

/** The address that k6 sends requests to. In containers, it differs from the address that the harness uses. */
export const targetOf = (stack: Stack) => stack.generators?.serviceUrl ?? stack.serviceUrl;

export interface Segment {
  /** The prefix of the process's file names: `k6`, or `k6-1` and so on. */
  readonly name: string;
  readonly args: readonly string[];
}

/** The arguments that give each k6 process its part of the arrivals. */
export function segmentsOf(generators: number): readonly Segment[] {
  if (generators === 1) return [{ name: 'k6', args: [] }];
  const edge = (at: number) => (at === 0 ? '0' : at === generators ? '1' : `${at}/${generators}`);
  const edges = Array.from({ length: generators + 1 }, (_, at) => edge(at));
  return Array.from({ length: generators }, (_, index) => ({
    name: `k6-${index + 1}`,
    args: [
      '--execution-segment',
      `${edges[index]}:${edges[index + 1]}`,
      '--execution-segment-sequence',
      edges.join(','),
    ],
  }));
}

/**
 * Whether a variable of k6's environment would change the load. K6_ITERATIONS and similar ones would change what is planned;
 * a proxy, or another address in SLA_TARGETS, would receive the load instead of the service.
 */
export const changesLoad = (name: string): boolean =>
  /^(K6_.*|(HTTPS?|ALL|NO)_PROXY|SLA_TARGETS)$/i.test(name);

/** Load scripts do not need access to Prometheus. */
const OF_PROMETHEUS = /^PROMETHEUS_(TOKEN|PASSWORD|USER|HEADERS|CA|CLIENT_CERT|CLIENT_KEY)(_FILE)?$/i;
export const environmentOf = (env: K6Options['env']) =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !changesLoad(name) && !OF_PROMETHEUS.test(name)));

interface Files {
  readonly loadFile: string;
  readonly summaryFile: string;
  readonly samples: string;
}

export function startK6(
  load: Load,
  stack: Stack,
  { name, args, loadFile, summaryFile, samples }: Segment & Files,
  { root, cwd, env, k6, folder, logs, generators = 1 }: K6Options,
): Promise<Started> {
  const whole = [
    ...['run', ...fixedArguments(load, generators)],
    // Port 0: two processes would collide at the fixed default port of k6's API.
    ...['--address', '127.0.0.1:0'],
    ...['--out', `csv=${samples}`, '--summary-export', summaryFile],
    // The operator's own k6 configuration could change the planned load, so an empty one is used.
    ...['--config', join(folder, CONFIG_FILE)],
    ...args,
    resolve(root, load.script),
  ];
  const environment = {
    SLA_LOAD: loadFile,
    SLA_TARGET: targetOf(stack),
    ...(stack.replicaUrls === undefined ? {} : { SLA_TARGETS: stack.replicaUrls.join(',') }),
    SLA_SUMMARY: summaryFile,
    K6_CSV_TIME_FORMAT: 'unix_micro',
    // Otherwise k6 would download extensions that the script imports.
    K6_AUTO_EXTENSION_RESOLUTION: 'false',
  };
  if (stack.generators !== undefined)
    return stack.generators.start(name, whole, { root, folder, environment });
  return start(name, k6.path, whole, {
    cwd: load.k6 === undefined ? root : (cwd ?? root),
    env: { ...environmentOf(env), ...environment },
    logFile: join(logs, `${name}.log`),
  });
}

/** Arguments that all load generators share, wherever they run. */
export const fixedArguments = (load: Load, generators: number): readonly string[] => [
  // --quiet is not used, because only the progress output reports how many iterations k6 interrupted.
  ...['--no-color', '--no-usage-report'],
  ...['--summary-trend-stats', TREND_STATS],
  ...throttleOf(load, generators),
];

/** k6 itself enforces the maximum rate of a script, because an iteration may send any number of requests. */
function throttleOf({ k6 }: Load, generators: number): readonly string[] {
  const max = k6?.maxRequestsPerSecond;
  return max === undefined ? [] : ['--rps', String(Math.max(1, Math.floor(max / generators)))];
}
