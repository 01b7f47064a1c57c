import { onAbort } from '../../process/processes.ts';
import { type Kubectl, KubectlError } from './kubectl.ts';

/** A port of a service or a pod, forwarded to a local port until it is disposed of. */
export interface Forwarded extends AsyncDisposable {
  readonly url: string;
  /** Whether the forwarded port still works. It stops working when its pod ends. */
  isOpen(): boolean;
  /** Resolves when the connection has ended for any reason. */
  readonly closed: Promise<unknown>;
}

const OPEN_LIMIT_MS = 20_000;

export type ForwardTarget = {
  readonly namespace: string;
  readonly port: number;
  /** The local port; absent: any free port. */
  readonly localPort?: number;
} & ({ readonly service: string } | { readonly pod: string });

/** Throws a KubectlError if the port cannot be forwarded. */
export async function forward(
  kubectl: Kubectl,
  target: ForwardTarget,
  signal: AbortSignal,
): Promise<Forwarded> {
  signal.throwIfAborted();
  const { namespace, port, localPort = '' } = target;
  const resource = 'pod' in target ? `pod/${target.pod}` : `service/${target.service}`;
  const child = kubectl.follow([
    ...['port-forward', '--namespace', namespace, '--address', '127.0.0.1'],
    ...[resource, `${localPort}:${port}`],
  ]);
  // This event also occurs if kubectl could not be started.
  const closed = new Promise((settle) => child.once('close', settle));
  let said = '';
  let isLate = false;
  const { promise: opened, resolve } = Promise.withResolvers<string | null>();
  const look = (chunk: Buffer) => {
    said += chunk.toString('utf8');
    const found = /Forwarding from (127\.0\.0\.1:\d+)/.exec(said)?.[1];
    if (found !== undefined) resolve(found);
  };
  child.stdout!.on('data', look);
  child.stderr!.on('data', look);
  child.once('error', (error) => {
    said += error.message;
    resolve(null);
  });
  child.once('close', () => resolve(null));
  const timer = setTimeout(() => {
    isLate = true;
    resolve(null);
  }, OPEN_LIMIT_MS);
  const forget = onAbort(signal, () => resolve(null));
  const address = await opened;
  clearTimeout(timer);
  forget();
  const isOpen = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const close = async () => {
    if (!isOpen()) return;
    child.kill('SIGTERM');
    await closed;
  };
  if (address !== null && !signal.aborted)
    return { url: `http://${address}`, isOpen, closed, [Symbol.asyncDispose]: close };
  await close();
  signal.throwIfAborted();
  const why = isLate ? `it took longer than ${OPEN_LIMIT_MS / 1000} s` : said.trim() || 'no output';
  throw new KubectlError(`kubectl port-forward of ${resource} in namespace ${namespace} failed: ${why}`, {
    ...{ stderr: said, isLate },
    nextStep: `check that it works by itself: kubectl port-forward -n ${namespace} ${resource} :${port} (for the gate, --prometheus URL makes it unnecessary)`,
  });
}
