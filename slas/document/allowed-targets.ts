import { fail, ok, type Result } from '../model/result.ts';

/** Allowed load targets: this machine, and the entries `host` or `host:port` of a document. */

/** A parsed entry; without a port it allows every port of the host. */
export interface AllowedTarget {
  readonly host: string;
  readonly port: string | null;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The problem with an entry of `allowedTargets`. */
export type AllowedTargetError =
  | { readonly code: 'no-host-and-port' | 'bad-port' | 'bad-host' }
  | { readonly code: 'another-spelling'; readonly of: string };

/** Parses an entry of `allowedTargets` that matches the schema. */
export function readAllowed(entry: string): Result<AllowedTarget, AllowedTargetError> {
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  if (host === undefined) return fail({ code: 'no-host-and-port' });
  if (port !== undefined && (Number(port) > 65_535 || !/^[1-9]/.test(port)))
    return fail({ code: 'bad-port' });
  const address = `http://${host}`;
  if (!URL.canParse(address)) return fail({ code: 'bad-host' });
  // A host has several spellings (0x7f.1, 127.1), but URLs have one; entries are compared with URLs as text.
  const { hostname } = new URL(address);
  return hostname === host
    ? ok({ host, port: port ?? null })
    : fail({ code: 'another-spelling', of: hostname });
}

/**
 * Whether load may be sent to an address. Names are compared as text and not resolved: what they resolve to may change
 * during a run, and is the responsibility of the document's owner.
 */
export function isAllowed(url: URL, allowedTargets: readonly string[]): boolean {
  if (LOOPBACK.test(url.hostname)) return true;
  return allowedTargets.some((entry) => {
    const allowed = readAllowed(entry);
    if (!allowed.ok || allowed.value.host !== url.hostname) return false;
    return allowed.value.port === null || allowed.value.port === portOf(url);
  });
}

/** Host and port of an address, in the form of an entry. */
export const entryFor = (url: URL): string => `${url.hostname}:${portOf(url)}`;

const portOf = ({ port, protocol }: URL) => (port === '' ? (protocol === 'https:' ? '443' : '80') : port);
