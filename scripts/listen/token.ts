import { createHash, timingSafeEqual } from 'node:crypto';

/** Checks the token of a request. */
export type IsAuthorised = (authorization: string | undefined) => boolean;

const digestOf = (text: string) => createHash('sha256').update(text).digest();

/**
 * Accepts `Bearer TOKEN`, or `Basic` with the token as the password. Flagger cannot send its own headers, but its HTTP
 * library sends the user and password of a URL. Digests of equal length are compared, so that the response time reveals
 * nothing about the token.
 * @param token null: every client is allowed
 */
export function authorisedBy(token: string | null): IsAuthorised {
  if (token === null) return () => true;
  const expected = digestOf(token);
  return (authorization = '') => {
    const given = tokenIn(authorization);
    return given !== null && timingSafeEqual(digestOf(given), expected);
  };
}

function tokenIn(authorization: string): string | null {
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return null;
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  return decoded.slice(decoded.indexOf(':') + 1);
}
