import { countOf } from '../../../slas/render/numbers.ts';

/** Determines the path under which a request is recorded, and whether the request went to the target at all. */

/**
 * The maximum number of distinct paths in addition to those that the objectives name. Without this limit, paths that contain
 * ids would grow without bound.
 */
const MAX_PATHS = 1_000;
export const OTHER_PATHS = '(other paths)';

/** The maximum size of the cache by URL and name. Without this limit, URLs that contain ids would fill it. */
const MAX_REMEMBERED = 10_000;

export type Destination = { readonly path: string } | { readonly host: string };

export class Paths {
  readonly #kept = new Set<string>();
  readonly #remembered = new Map<string, Destination>();
  readonly #target: URL;
  readonly #exact: ReadonlySet<string>;
  readonly #templates: readonly { readonly selector: string; readonly pattern: RegExp }[];

  /** @param selectors the values of the objectives' `client:`: paths, names, or templates such as `/checkout/:id` */
  constructor(target: string, selectors: readonly string[]) {
    this.#target = new URL(target);
    this.#exact = new Set(selectors);
    this.#templates = selectors
      .filter((selector) => /\/:[^/]/.test(selector))
      .map((selector) => ({ selector, pattern: patternOf(selector) }));
  }

  /**
   * Determines where a request went. If the script sets the `name` tag, k6 also uses it as the URL, so both may be any text.
   * But k6 can only reach the addresses of the target. A request that k6 did not refuse therefore went to the target, unless
   * its URL names another port.
   *
   * @param name the `name` tag, which equals the URL unless the script sets it
   * @param isRefused whether k6 refused to connect because the address is not one of the target's
   */
  of(url: string, name: string, isRefused = false): Destination {
    if (isRefused) return { host: hostIn(url) };
    const key = `${url}\n${name}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const found = this.#find(url, name);
    if (this.#remembered.size < MAX_REMEMBERED) this.#remembered.set(key, found);
    return found;
  }

  #find(url: string, name: string): Destination {
    // If the script sets the `name` tag, k6 uses it as the URL. For example, `pay:card` is a name, although it can be parsed
    // as a URL.
    const address = /^https?:\/\//i.test(url) ? URL.parse(url) : null;
    // A URL that cannot be parsed was never requested, but k6 counts a failed request.
    if (address !== null && isAnotherPort(address, this.#target)) return { host: address.host };
    const path = pathIn(url);
    const named = name === url || name === '' ? null : pathIn(name);
    return { path: this.#selected(path, named) ?? this.#bounded(named ?? path) };
  }

  #selected(path: string, named: string | null): string | null {
    for (const one of [named, path]) if (one !== null && this.#exact.has(one)) return one;
    const isMatch = ({ pattern }: { readonly pattern: RegExp }) =>
      (named !== null && pattern.test(named)) || pattern.test(path);
    return this.#templates.find(isMatch)?.selector ?? null;
  }

  #bounded(path: string): string {
    if (!this.#kept.has(path) && this.#kept.size === MAX_PATHS) return OTHER_PATHS;
    this.#kept.add(path);
    return path;
  }
}

/**
 * The path of the URL as the script wrote it, without the query. A text that is not a URL is a name, and stays unchanged.
 */
function pathIn(text: string): string {
  const path = /^https?:\/\/[^/?#]*([^?#]*)/i.exec(text)?.[1];
  return path === '' ? '/' : (path ?? text);
}

const patternOf = (template: string) =>
  new RegExp(
    `^${template
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[^\w-]/g, '\\$&')))
      .join('/')}$`,
  );

const hostIn = (url: string) =>
  (/^https?:\/\//i.test(url) ? URL.parse(url)?.host : undefined) ?? 'a host that k6 was not allowed to reach';

/**
 * Compares only ports that the URL states, because a name such as `https://api.example/orders` may stand for a request to
 * the target.
 */
const isAnotherPort = (address: URL, target: URL) =>
  address.port !== '' && address.port !== (target.port || (target.protocol === 'https:' ? '443' : '80'));

/**
 * Requests to the target that k6 refused, in words. k6 knows only the addresses that the target's name had at the start.
 * Because of these requests, the service received less load than planned, and the script may not have detected it.
 */
export function refusedAtTarget(elsewhere: ReadonlyMap<string, number>, target: string): readonly string[] {
  const { host } = new URL(target);
  const requests = elsewhere.get(host) ?? 0;
  return requests === 0
    ? []
    : [
        `k6 did not send ${countOf(requests, 'request')} to ${host}, because its name resolved to another address after the start`,
      ];
}
