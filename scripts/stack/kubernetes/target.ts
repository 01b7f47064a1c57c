import { isIP } from 'node:net';
import { HarnessError } from '../../cli/errors.ts';
import { addressesOf } from '../../run/allowed-addresses.ts';
import type { Kubectl } from './kubectl.ts';

/** Determines the load target as seen from the pods of the load generators. */

/** The forms of a service name: `service.namespace`, `service.namespace.svc` and `service.namespace.svc.cluster.local`. */
const SERVICE = /^([a-z0-9-]+)\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?$/;

/** IP addresses and the node's own names are used without a lookup in the cluster. */
const isPlain = (host: string) => isIP(host) !== 0 || host === 'localhost';

/**
 * The addresses that the load generators may reach. The cluster resolves the name of a service, because this machine may not
 * be able to. This machine resolves any other name.
 */
export async function clusterAddressesOf(
  target: string,
  kubectl: Kubectl,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const host = new URL(target).hostname.replace(/^\[(.*)\]$/, '$1');
  const [, name, namespace] = SERVICE.exec(host) ?? [];
  if (isPlain(host) || name === undefined || namespace === undefined) return await addressesOf(host);
  const text = await kubectl.run(['get', 'service', name, '--namespace', namespace, '-o', 'json'], {
    signal,
  });
  const { spec } = JSON.parse(text) as { spec: { clusterIPs?: readonly string[]; clusterIP?: string } };
  const addresses = (spec.clusterIPs ?? [spec.clusterIP ?? 'None']).filter((one) => isIP(one) !== 0);
  if (addresses.length > 0) return addresses;
  throw new HarnessError(
    'headless-service',
    `the service ${name} in namespace ${namespace} has no address of its own (clusterIP: None)`,
    { nextStep: 'name a service with a cluster IP in --target: the load is restricted to its address' },
  );
}
