import { once } from 'node:events';
import { HarnessError } from '../../cli/errors.ts';
import type { Kubectl } from './kubectl.ts';

/** A service, or one of its pods, at a free port of this machine, as long as it is open. */
export interface Forwarded extends AsyncDisposable {
  readonly url: string;
  /** Whether it still works: it ends with its pod. */
  isOpen(): boolean;
}

const OPEN_LIMIT_MS = 20_000;

export type ForwardTarget = { readonly namespace: string; readonly port: number } & (
  | { readonly service: string }
  | { readonly pod: string }
);

export async function forward(kubectl: Kubectl, target: ForwardTarget): Promise<Forwarded> {
  const { namespace, port } = target;
  const resource = 'pod' in target ? `pod/${target.pod}` : `service/${target.service}`;
  const child = kubectl.follow([
    ...['port-forward', '--namespace', namespace, '--address', '127.0.0.1'],
    ...[resource, `:${port}`],
  ]);
  let said = '';
  const { promise: opened, resolve } = Promise.withResolvers<string | null>();
  const look = (chunk: Buffer) => {
    said += chunk.toString('utf8');
    const found = /Forwarding from (127\.0\.0\.1:\d+)/.exec(said)?.[1];
    if (found !== undefined) resolve(found);
  };
  child.stdout!.on('data', look);
  child.stderr!.on('data', look);
  child.once('error', () => resolve(null));
  child.once('close', () => resolve(null));
  const timer = setTimeout(() => resolve(null), OPEN_LIMIT_MS);
  const address = await opened;
  clearTimeout(timer);
  const isOpen = () => child.exitCode === null && child.signalCode === null;
  const close = async () => {
    if (!isOpen()) return;
    const closed = once(child, 'close');
    child.kill('SIGTERM');
    await closed;
  };
  if (address !== null) return { url: `http://${address}`, isOpen, [Symbol.asyncDispose]: close };
  await close();
  throw new HarnessError(
    'no-port-forward',
    `kubectl port-forward of ${resource} in namespace ${namespace} failed: ${said.trim() || 'no output'}`,
    { nextStep: 'name a Prometheus that this machine can reach with --prometheus URL' },
  );
}
