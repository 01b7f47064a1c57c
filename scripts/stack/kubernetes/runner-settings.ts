import { parse } from 'yaml';
import { accept, badOption, type Input } from '../../cli/inputs.ts';
import { NoText, readUserText } from '../../cli/user-text.ts';
import { isMisleading } from './runner-environment.ts';

/** Settings of the load generators' pods, from the file of `--runner`. Kubernetes itself checks their values. */
export interface RunnerSettings {
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly imagePullSecrets?: unknown;
  readonly nodeSelector?: unknown;
  readonly tolerations?: unknown;
  readonly affinity?: unknown;
  readonly topologySpreadConstraints?: unknown;
  readonly hostNetwork?: boolean;
  readonly resources?: unknown;
  readonly serviceAccountName?: string;
  readonly priorityClassName?: string;
  readonly env?: readonly object[];
  readonly envFrom?: readonly object[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const FIELDS = [
  'image',
  'imagePullPolicy',
  'imagePullSecrets',
  'nodeSelector',
  'tolerations',
  'affinity',
  'topologySpreadConstraints',
  'hostNetwork',
  'resources',
  'serviceAccountName',
  'priorityClassName',
  'env',
  'envFrom',
  'labels',
  'annotations',
] as const satisfies readonly (keyof RunnerSettings)[];

/**
 * @param path absolute path of the file; undefined: use the defaults
 * @param shown the path as the operator typed it, for messages
 */
export async function readRunnerSettings(
  path: string | undefined,
  shown: string,
  signal: AbortSignal,
): Promise<Input<RunnerSettings>> {
  if (path === undefined) return accept({});
  let data: unknown;
  try {
    data = parse(await readUserText(path, signal));
  } catch (error) {
    if (!(error instanceof NoText) && !(error instanceof Error && error.name === 'YAMLParseError'))
      throw error;
    return badOption('--runner', `${shown} cannot be read: ${error.message.split('\n')[0]}`);
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return badOption('--runner', `${shown} must have fields such as image and nodeSelector`);
  const unknown = Object.keys(data).find((name) => !FIELDS.some((field) => field === name));
  if (unknown !== undefined)
    return badOption('--runner', `${shown}: "${unknown}" is not a field: use ${FIELDS.join(', ')}`);
  const settings = data as RunnerSettings;
  const misleading = namesIn(settings.env).find((name) => isMisleading(name));
  if (misleading !== undefined)
    return badOption(
      '--runner',
      `${shown}: env must not set ${misleading}, because it would change the load or where it goes: set the load in the scenario or the script`,
    );
  return accept(settings);
}

/** Kubernetes requires this form for environment variables. */
const namesIn = (env: unknown): readonly string[] =>
  Array.isArray(env) ? env.flatMap((one: { name?: unknown } | null) => String(one?.name ?? '')) : [];
