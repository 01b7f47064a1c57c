/** Allowed load targets: this machine, and the entries `host` or `host:port` of a document. */

/** A parsed entry; without a port it allows every port of the host. */
export interface AllowedTarget {
  readonly host: string;
  readonly port: string | null;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** An entry of `allowedTargets` that has the schema's form, or what is wrong with it. */
export function readAllowed(entry: string): AllowedTarget | string {
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  if (host === undefined) return 'is not a valid host or host:port';
  if (port !== undefined && (Number(port) > 65_535 || !/^[1-9]/.test(port)))
    return 'has a port that is not from 1 to 65535';
  const address = `http://${host}`;
  if (!URL.canParse(address)) return 'is not a valid host name';
  // A host has several spellings (0x7f.1, 127.1), but URLs have one; entries are compared with URLs as text.
  const { hostname } = new URL(address);
  return hostname === host
    ? { host, port: port ?? null }
    : `is another spelling of ${hostname}: write ${hostname}`;
}

/**
 * Whether load may be sent to an address. Names are compared as text and not resolved: what they resolve to may change
 * during a run, and is the responsibility of the document's owner.
 */
export function isAllowed(url: URL, allowedTargets: readonly string[]): boolean {
  if (LOOPBACK.test(url.hostname)) return true;
  return allowedTargets.some((entry) => {
    const allowed = readAllowed(entry);
    if (typeof allowed === 'string' || allowed.host !== url.hostname) return false;
    return allowed.port === null || allowed.port === portOf(url);
  });
}

/** Host and port of an address as an entry has them. */
export const entryFor = (url: URL): string => `${url.hostname}:${portOf(url)}`;

const portOf = ({ port, protocol }: URL) => (port === '' ? (protocol === 'https:' ? '443' : '80') : port);
