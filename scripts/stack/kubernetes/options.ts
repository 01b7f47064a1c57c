import { accept, badOption, type Input, userPath } from '../../cli/inputs.ts';
import type { Io } from '../../cli/io.ts';
import { type RunnerSettings, readRunnerSettings } from './runner-settings.ts';

/** The options of `--stack kubernetes`. */
export interface ClusterOptions {
  readonly stack?: string;
  readonly target?: string;
  readonly faults?: string;
  readonly snapshot?: boolean;
  readonly context?: string;
  readonly namespace?: string;
  readonly runner?: string;
}

export const DEFAULT_NAMESPACE = 'sla-load';
/** The sentiment service that k8s/ deploys. */
export const DEFAULT_TARGET = 'http://sentiment-api.sentiment-analysis:8000';

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function clusterProblems(options: ClusterOptions): Input<null> {
  const { stack, context, namespace, runner, faults, snapshot } = options;
  if (stack !== 'kubernetes') {
    const own = Object.entries({ context, namespace, runner }).find(([, value]) => value !== undefined);
    return own === undefined
      ? accept(null)
      : badOption(
          `--${own[0]}`,
          'applies only to load from a cluster: add --stack kubernetes, or leave it out',
        );
  }
  if (namespace !== undefined && !NAME.test(namespace))
    return badOption('--namespace', `"${namespace}" is not a valid namespace name`);
  if (context === '') return badOption('--context', 'it is empty: name a context of your kubeconfig');
  if (faults !== undefined)
    return badOption(
      '--faults',
      'has no effect on a service in a cluster: set SLA_FAULTS in its environment, and leave the option out',
    );
  return snapshot === true
    ? badOption('--snapshot', 'not available with --stack kubernetes: leave one of the two out')
    : accept(null);
}

/** Without `--target`, the load goes to the service that k8s/ deploys. */
export const withClusterTarget = <T extends ClusterOptions>(options: T): T =>
  options.stack === 'kubernetes' && options.target === undefined
    ? { ...options, target: DEFAULT_TARGET }
    : options;

/** The service that this repository deploys is an allowed target even if the document does not list it. */
export const isOwnService = ({ stack, target }: ClusterOptions) =>
  stack === 'kubernetes' && target === DEFAULT_TARGET;

export const runnerSettingsOf = ({ runner }: ClusterOptions, io: Io): Promise<Input<RunnerSettings>> =>
  readRunnerSettings(runner === undefined ? undefined : userPath(io, runner), runner ?? '', io.signal);
