import { accept, badOption, type Input } from '../cli/inputs.ts';
import type { CapacityOptions } from './options.ts';

/** One of several searches that differ in the value of one environment variable. */
export interface Variant {
  readonly name: string;
  readonly value: string;
}

const MAX_VALUES = 8;
const WORKERS = 'SERVICE_WORKERS';
/** Variables that would affect more than the service or the load script. */
const NOT_OURS = /^(K6_|NODE_|LD_|DYLD_|PROMETHEUS_|SLA_|PATH$|HOME$|.*PROXY$)/i;

export const isVariable = (name: string) => /^[A-Za-z_]\w*$/.test(name) && !NOT_OURS.test(name);

/** Reads `--workers 1,2` or `--by VAR=1,8,32`. The result is empty for a single search. */
export function readVariants({ workers, by, target }: CapacityOptions): Input<readonly Variant[]> {
  if (workers !== undefined && by !== undefined)
    return badOption('--by', 'a search varies one thing: leave out --by or --workers');
  if (workers !== undefined) return readWorkers(workers, target);
  if (by === undefined) return accept([]);
  const [, name = '', list = ''] = /^([^=]*)=(.*)$/.exec(by) ?? [];
  if (!isVariable(name))
    return badOption(
      '--by',
      `"${by}" does not name a parameter of the load script: write VARIABLE=VALUE,VALUE, for example BATCH_SIZE=1,8,32`,
    );
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
  const values = workers.split(',').map((value) => value.trim());
  const isValid = values.every((value) => /^([1-9]\d?|1\d\d|2[0-4]\d|25[0-6])$/.test(value));
  if (!isValid || values.length > MAX_VALUES || new Set(values).size < values.length)
    return badOption(
      '--workers',
      `"${workers}" is not a list of worker numbers (1 to 256, each once): write it as 1,2`,
    );
  return accept(values.map((value) => ({ name: WORKERS, value })));
}
