import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { HarnessError } from '../cli/errors.ts';

/** kubectl, limited to what changes nothing: `get`, and forwarding a port. Every call has a time limit. */
export interface Kubectl {
  /** The JSON of `kubectl get`; or why there is none. Throws a HarnessError if kubectl cannot be run. */
  get(args: readonly string[]): Promise<Read<unknown>>;
  /** The text of `kubectl get`, as the server prints it: of a Secret, no value. */
  text(args: readonly string[]): Promise<Read<string>>;
  /** A local address of a service's port. */
  forward(service: string, port: number): Promise<Read<Forwarded>>;
}

export type Read<T> = { readonly ok: true; readonly value: T } | Unread;

export interface Unread {
  readonly ok: false;
  /** `rejected`: credentials were given, and are wrong; `forbidden`: there are none, or they allow less. */
  readonly kind: 'absent' | 'forbidden' | 'rejected' | 'unreachable' | 'other';
  readonly why: string;
}

export interface Forwarded extends AsyncDisposable {
  readonly url: string;
}

export interface Cluster {
  readonly context: string | undefined;
  readonly namespace: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

const LIMIT_MS = 20_000;
const REQUEST_LIMIT = '--request-timeout=10s';
const OUTPUT_BYTES = 64 * 1024 * 1024;

export function kubectlOf(cluster: Cluster): Kubectl {
  const text = (args: readonly string[]) => run(['get', REQUEST_LIMIT, ...args], cluster);
  return {
    text,
    async get(args) {
      const read = await text([
        ...args,
        ...(args.some((arg) => arg.startsWith('--raw=')) ? [] : ['-o', 'json']),
      ]);
      if (!read.ok) return read;
      try {
        return { ok: true, value: JSON.parse(read.value) };
      } catch {
        return { ok: false, kind: 'other', why: `kubectl printed no JSON: ${read.value.slice(0, 200)}` };
      }
    },
    forward: (service, port) => forward(service, port, cluster),
  };
}

const argumentsOf = ({ context, namespace }: Cluster) => [
  ...(context === undefined ? [] : [`--context=${context}`]),
  `--namespace=${namespace}`,
];

function run(args: readonly string[], cluster: Cluster): Promise<Read<string>> {
  const { env, signal } = cluster;
  const options = { env: { ...env }, timeout: LIMIT_MS, maxBuffer: OUTPUT_BYTES, signal };
  return new Promise((resolve, reject) => {
    execFile('kubectl', [...argumentsOf(cluster), ...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve({ ok: true, value: stdout });
      if (signal.aborted) return reject(signal.reason);
      if (error.code === 'ENOENT') return reject(noKubectl(error));
      resolve(error.killed ? { ok: false, kind: 'unreachable', why: TOO_LONG } : unread(stderr));
    });
  });
}

const TOO_LONG = `kubectl took longer than ${LIMIT_MS / 1000} s`;

const noKubectl = (cause: Error) =>
  new HarnessError('no-kubectl', 'kubectl is not on PATH', {
    cause,
    nextStep: 'install it (https://kubernetes.io/docs/tasks/tools/), and check that `kubectl get pods` works',
  });

const KINDS: readonly (readonly [RegExp, Unread['kind']])[] = [
  [/\(NotFound\)|the server doesn't have a resource type/, 'absent'],
  [/\(Forbidden\)|is forbidden: User|\(Unauthorized\)|must be logged in/, 'forbidden'],
  [
    /connection refused|Unable to connect|i\/o timeout|no such host|context .* does not exist|was not found for/,
    'unreachable',
  ],
];

function unread(stderr: string): Unread {
  const why = stderr.trim().split('\n').at(-1) || 'kubectl failed without a message';
  return { ok: false, kind: KINDS.find(([pattern]) => pattern.test(stderr))?.[1] ?? 'other', why };
}

/** Resolves once kubectl says that it forwards; rejects only if aborted. */
async function forward(service: string, port: number, cluster: Cluster): Promise<Read<Forwarded>> {
  const args = [
    ...argumentsOf(cluster),
    'port-forward',
    `service/${service}`,
    `:${port}`,
    '--address=127.0.0.1',
  ];
  const child = spawn('kubectl', args, { env: { ...cluster.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = () => child.kill('SIGTERM');
  const timer = setTimeout(stop, LIMIT_MS);
  cluster.signal.addEventListener('abort', stop, { once: true });
  process.once('exit', stop);
  const release = () => {
    cluster.signal.removeEventListener('abort', stop);
    process.off('exit', stop);
  };
  const url = await forwardedTo(child);
  clearTimeout(timer);
  if (!url.ok) {
    release();
    cluster.signal.throwIfAborted();
    return url;
  }
  const dispose = async () => {
    release();
    const ended = new Promise((resolve) => child.once('close', resolve));
    if (child.exitCode === null && child.signalCode === null && stop()) await ended;
  };
  return { ok: true, value: { url: url.value, [Symbol.asyncDispose]: dispose } };
}

async function forwardedTo(child: ChildProcess): Promise<Read<string>> {
  let stderr = '';
  child.stderr!.on('data', (data) => {
    stderr += data;
  });
  const failed = new Promise<Read<string>>((resolve) => {
    child.once('error', (error) => resolve({ ok: false, kind: 'other', why: error.message }));
    child.once('close', () => resolve(unread(stderr)));
  });
  const listening = new Promise<Read<string>>((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const address = /^Forwarding from (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (address !== undefined) resolve({ ok: true, value: `http://${address}` });
    });
  });
  return await Promise.race([failed, listening]);
}
