import { availableParallelism } from 'node:os';
import type { CapacityAsked } from '../../slas/capacity/record.ts';
import { REPLICAS } from '../../slas/capacity/scaling.ts';
import { printableLine } from '../../slas/render/printable.ts';
import { accept, badOption, type Input } from '../cli/inputs.ts';
import { deploymentIn } from './deployment.ts';
import type { CapacityOptions } from './options.ts';

/** One of several searches that differ in the value of one environment variable, or in the number of replicas. */
export interface Variant {
  /** An environment variable, or `replicas`. */
  readonly name: string;
  readonly value: string;
}

const MAX_VALUES = 8;
const WORKERS = 'SERVICE_WORKERS';
/** Variables that would affect more than the service or the load script. */
const NOT_OURS = /^(K6_|NODE_|LD_|DYLD_|PROMETHEUS_|SLA_|PATH$|HOME$|REPLICAS$|.*PROXY$)/i;

export const isVariable = (name: string) => /^[A-Za-z_]\w*$/.test(name) && !NOT_OURS.test(name);

/** Reads `--workers 1,2`, `--replicas 1,2` or `--by VAR=1,8,32`. The result is empty for a single search. */
export function readVariants(options: CapacityOptions): Input<readonly Variant[]> {
  const { workers, replicas, by, target } = options;
  const varied = [workers, replicas, by].filter((one) => one !== undefined);
  if (varied.length > 1)
    return badOption(
      by === undefined ? '--replicas' : '--by',
      'a search varies only one thing: keep one of --by, --workers and --replicas',
    );
  if (workers !== undefined) return readWorkers(workers, target);
  const wrong = checkDeployment(options);
  if (!wrong.ok) return wrong;
  if (replicas !== undefined) return readReplicas(replicas, options);
  if (by === undefined) return accept([]);
  const [, name = '', list = ''] = /^([^=]*)=(.*)$/.exec(by) ?? [];
  if (!isVariable(name))
    return badOption(
      '--by',
      `"${by}" does not name a parameter of the load script: write VARIABLE=VALUE,VALUE, for example BATCH_SIZE=1,8,32`,
    );
  if (name === WORKERS) return readWorkers(list, target);
  const values = list.split(',').map((value) => value.trim());
  if (
    values.length < 2 ||
    values.length > MAX_VALUES ||
    new Set(values).size < values.length ||
    values.includes('')
  )
    return badOption('--by', `"${by}" needs 2 to ${MAX_VALUES} different values, separated by commas`);
  return accept(values.map((value) => ({ name, value })));
}

function readWorkers(workers: string, target: string | undefined): Input<readonly Variant[]> {
  if (target !== undefined)
    return badOption(
      '--workers',
      'the number of workers can be set only for a service that the harness starts: leave out --target',
    );
  const values = countsIn(workers, (value) => /^([1-9]\d?|1\d\d|2[0-4]\d|25[0-6])$/.test(value));
  if (values === null)
    return badOption(
      '--workers',
      `"${workers}" is not a list of worker counts (1 to 256, each once): write it as 1,2`,
    );
  return accept(values.map((value) => ({ name: WORKERS, value })));
}

/** null: too many, or one of them is not valid or occurs twice. */
function countsIn(list: string, isValid: (value: string) => boolean): readonly string[] | null {
  const values = list.split(',').map((value) => value.trim());
  const areDifferent = new Set(values).size === values.length;
  return values.every(isValid) && values.length <= MAX_VALUES && areDifferent ? values : null;
}

/** `--deployment` and `--context` apply only to a service in a cluster whose replicas are varied. */
function checkDeployment({ deployment, context, replicas, target }: CapacityOptions): Input<null> {
  if (deployment === undefined)
    return context === undefined
      ? accept(null)
      : badOption('--context', 'it is needed only to scale a Deployment: add --deployment NAMESPACE/NAME');
  if (replicas === undefined)
    return badOption('--deployment', 'it needs the numbers of replicas to scale to: add --replicas 1,2');
  if (target === undefined)
    return badOption(
      '--deployment',
      'a service in a cluster also needs an address: add --target URL and --prometheus URL',
    );
  return deploymentIn(deployment) === null
    ? badOption(
        '--deployment',
        `"${printableLine(deployment)}" does not name a Deployment: write NAMESPACE/NAME, for example shop/checkout`,
      )
    : accept(null);
}

/** With more processes, each would get hardly any CPU of this machine. */
const MAX_REPLICAS = 16;
const isReplicas = (value: string) => /^[1-9]\d?$/.test(value) && Number(value) <= MAX_REPLICAS;

function readReplicas(
  replicas: string,
  { target, script, deployment }: CapacityOptions,
): Input<readonly Variant[]> {
  if (target !== undefined && deployment === undefined)
    return badOption(
      '--replicas',
      'the harness can start replicas only of the service that it starts itself: leave out --target, or name the Deployment to scale with --deployment NAMESPACE/NAME',
    );
  if (script !== undefined && deployment === undefined)
    return badOption(
      '--replicas',
      'a script of your own sends to a single address, and would load only the first replica: leave out --script',
    );
  const values = countsIn(replicas, isReplicas);
  if (values === null)
    return badOption(
      '--replicas',
      `"${replicas}" is not a list of replica counts (1 to ${MAX_REPLICAS}, each once): write it as 1,2`,
    );
  return accept(values.toSorted((a, b) => Number(a) - Number(b)).map((value) => ({ name: REPLICAS, value })));
}

/**
 * The workers of each replica, so that a replica has the same size in every search, and all replicas together do not have more
 * workers than this machine has cores. undefined: the service chooses.
 */
export function workersEachOf(
  { replicas, target }: CapacityOptions,
  { SERVICE_WORKERS: given }: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (replicas === undefined || target !== undefined) return undefined;
  const most = Math.max(...replicas.split(',').map(Number));
  return given || String(Math.max(1, Math.floor(availableParallelism() / most)));
}

/** Checks a variant that was read from a file. */
export function isVariant({ variant, workersEach, deployment, context }: CapacityAsked): boolean {
  if (deployment !== undefined && deploymentIn(String(deployment)) === null) return false;
  if (context !== undefined && !/^[^-]/.test(String(context))) return false;
  if (variant === undefined) return workersEach === undefined;
  if (typeof variant.value !== 'string') return false;
  if (variant.name !== REPLICAS) return isVariable(variant.name);
  return isReplicas(variant.value) && (workersEach === undefined || /^\d{1,3}$/.test(workersEach));
}

/** The number of processes that a search starts. */
export const replicasAsked = ({ variant }: CapacityAsked) =>
  variant?.name === REPLICAS ? Number(variant.value) : 1;

/** The variables of a search, for the service and for the load script. */
export function variablesOf({ variant, workersEach }: CapacityAsked): Readonly<Record<string, string>> {
  if (variant === undefined) return {};
  if (variant.name !== REPLICAS) return { [variant.name]: variant.value };
  return workersEach === undefined ? {} : { SERVICE_WORKERS: workersEach };
}
