import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { HarnessError } from '../../cli/errors.ts';
import { unwatch, watch } from '../../process/watchdog.ts';

/**
 * Accesses Kubernetes through kubectl, which supports every login plugin of the operator's kubeconfig and a pod's service
 * account. Users of our documentation have it installed. The official client library would add thirty packages to the npm
 * package.
 */
export interface Kubectl {
  /** Returns what kubectl printed. Throws KubectlError, or HarnessError `no-kubectl`. */
  run(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Starts a kubectl that keeps running, for example an `exec` that follows a file. */
  follow(args: readonly string[]): ChildProcess;
}

interface RunOptions {
  readonly input?: string;
  readonly limitMs?: number;
  /** Absent: kubectl is not interrupted, because it removes objects after an interrupt. */
  readonly signal?: AbortSignal;
}

export interface KubectlOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A context of the kubeconfig; absent: the current context. */
  readonly context?: string;
}

/** kubectl was started, but it failed or exceeded its time limit. */
export class KubectlError extends HarnessError {
  /** The complete standard error of kubectl. */
  readonly stderr: string;
  readonly isLate: boolean;

  constructor(
    message: string,
    more: {
      readonly stderr: string;
      readonly isLate: boolean;
      readonly nextStep: string;
      readonly cause?: unknown;
    },
  ) {
    super('kubectl', message, more);
    this.stderr = more.stderr;
    this.isLate = more.isLate;
  }
}

const LIMIT_MS = 20_000;
const MAX_BYTES = 256 * 2 ** 20;

/**
 * kubectl's login plugins may need any variable, except those of the harness and the service. Other processes of this user
 * could read secrets from kubectl's environment.
 */
const NOT_FOR_KUBECTL = /^(SLA_|PROMETHEUS_|GRAFANA_|ALERT_WEBHOOK_URL|(API|METRICS)_TOKENS)/;

export function kubectlOf({ env, context }: KubectlOptions): Kubectl {
  const program = env.KUBECTL_BIN || 'kubectl';
  const own = Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_FOR_KUBECTL.test(name)));
  const whole = (args: readonly string[]) => [
    ...(context === undefined ? [] : ['--context', context]),
    ...args,
  ];
  return {
    run: (args, { input, limitMs = LIMIT_MS, signal } = {}) =>
      new Promise((resolve, reject) => {
        const child = execFile(
          program,
          whole(args),
          { env: own, timeout: limitMs, maxBuffer: MAX_BYTES, ...(signal === undefined ? {} : { signal }) },
          (error, stdout, stderr) => {
            if (error === null) resolve(stdout);
            else if (signal?.aborted) reject(signal.reason);
            else if (error.code === 'ENOENT' || error.code === 'EACCES') reject(notFound(env, error));
            else reject(failed(args, error, stderr, limitMs));
          },
        );
        child.stdin?.on('error', () => {});
        child.stdin?.end(input ?? '');
      }),
    follow: (args) => {
      const options = { env: own, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
      const child = spawn(program, whole(args), { ...options, detached: true });
      // The kubectl process ends when the harness ends, even if the harness is killed.
      const { pid } = child;
      if (pid !== undefined) {
        watch(pid);
        child.once('exit', () => unwatch(pid));
      }
      return child;
    },
  };
}

type Failure = Error & { readonly code?: unknown; readonly killed?: boolean };

const notFound = ({ KUBECTL_BIN: named }: KubectlOptions['env'], cause: Error) =>
  new HarnessError(
    'no-kubectl',
    named ? `KUBECTL_BIN names ${named}, which cannot be run` : 'kubectl is not on PATH',
    {
      nextStep:
        'install it (https://kubernetes.io/docs/tasks/tools/) or name it with KUBECTL_BIN, and check that `kubectl get pods` works',
      cause,
    },
  );

function failed(args: readonly string[], error: Failure, stderr: string, limitMs: number): KubectlError {
  const shown = `kubectl ${args.slice(0, 3).join(' ')}`;
  const isLate = error.killed === true;
  const why = isLate
    ? `it took longer than ${limitMs / 1000} s`
    : stderr.trim().split('\n').slice(-5).join('\n') || error.message.split('\n')[0]!;
  return new KubectlError(`${shown}: ${why}`, {
    ...{ stderr, isLate, cause: error },
    nextStep:
      'check --context and --namespace, and your permissions there (the gate needs those in k8s/load/rbac.yaml)',
  });
}
