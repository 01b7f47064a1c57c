import { type Kubectl, KubectlError } from '../stack/kubernetes/kubectl.ts';
import { type Forwarded, forward } from '../stack/kubernetes/port-forward.ts';

/**
 * Read-only access to one namespace through kubectl: `get`, and forwarding a port. A failed read is returned, not thrown.
 */
export interface Reader {
  /** The JSON output of `kubectl get`, or why there is none. Throws a HarnessError if kubectl cannot be run. */
  get(args: readonly string[]): Promise<Read<unknown>>;
  /** The table that `kubectl get` prints, which never contains the values of Secrets. */
  text(args: readonly string[]): Promise<Read<string>>;
  /** A local URL that is forwarded to a port of a service. */
  forward(service: string, port: number): Promise<Read<Pick<Forwarded, 'url' | typeof Symbol.asyncDispose>>>;
}

export type Read<T> = { readonly ok: true; readonly value: T } | Unread;

export interface Unread {
  readonly ok: false;
  /**
   * `rejected`: the credentials are wrong. `forbidden`: there are no credentials, or their permissions are insufficient.
   * `unknown`: it is unknown where to read the credentials.
   */
  readonly kind: 'absent' | 'forbidden' | 'rejected' | 'unreachable' | 'unknown' | 'other';
  readonly why: string;
}

const REQUEST_LIMIT = '--request-timeout=10s';

export function readerOf(kubectl: Kubectl, namespace: string, signal: AbortSignal): Reader {
  const text = (args: readonly string[]) =>
    readOf(kubectl.run(['get', REQUEST_LIMIT, `--namespace=${namespace}`, ...args], { signal }));
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
        return { ok: false, kind: 'other', why: `kubectl did not print JSON: ${read.value.slice(0, 200)}` };
      }
    },
    forward: (service, port) => readOf(forward(kubectl, { namespace, service, port }, signal)),
  };
}

async function readOf<T>(reading: Promise<T>): Promise<Read<T>> {
  try {
    return { ok: true, value: await reading };
  } catch (error) {
    if (error instanceof KubectlError) return unread(error);
    throw error;
  }
}

const KINDS: readonly (readonly [RegExp, Unread['kind']])[] = [
  [/\(NotFound\)|the server doesn't have a resource type/, 'absent'],
  [/\(Forbidden\)|is forbidden: User|\(Unauthorized\)|must be logged in/, 'forbidden'],
  [
    /connection refused|Unable to connect|i\/o timeout|no such host|context .* does not exist|was not found for/,
    'unreachable',
  ],
];

function unread({ stderr, isLate, message }: KubectlError): Unread {
  if (isLate) return { ok: false, kind: 'unreachable', why: message };
  const why = stderr.trim().split('\n').at(-1) || 'kubectl failed without a message';
  return { ok: false, kind: KINDS.find(([pattern]) => pattern.test(stderr))?.[1] ?? 'other', why };
}
