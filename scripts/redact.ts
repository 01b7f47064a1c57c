import { existsSync } from 'node:fs';

/**
 * Takes secrets out of what is written down or shown. Two kinds are found: values that are known to be secret (of the
 * environment and of addresses that were given), wherever they stand; and what looks like one by what stands before it.
 */
export interface Redactor {
  /** For the terminal, and for texts that are handed on as they are. */
  text(text: string): string;
  /** For logs and other people's files: `password=…` and `api_key: …` too, which in PromQL would be a label. */
  log(text: string): string;
  /** Every string of plain data; in bodies and headers also what is named like a secret. */
  data(data: unknown): unknown;
}

export const REDACTED = '[redacted]';

const SECRET_VARIABLE = /TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|KEY/i;
const SECRET_NAME = '(?:token|secret|password|passwd|api[_-]?key|access[_-]?key|private[_-]?key)';
const IS_SECRET_NAME = new RegExp(`^(?:(?:.*[_-])?${SECRET_NAME}|(?:proxy-)?authorization)$`, 'i');
/** Shorter ones (`true`, `none`) and plain numbers would be found where no secret is. */
const LEAST_LENGTH = 6;
/** A line of a key that has several. */
const LEAST_LINE_LENGTH = 16;

const IN_TEXT: readonly RegExp[] = [
  /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]+(?=@)/gi,
  /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:(?:basic|bearer|digest|token)\s+)?)[^\s"',}\\]+/gi,
  /\b(bearer\s+)(?=[^\s"']*\d)[\w.~+/=-]{12,}/gi,
  /([?&][\w.-]*(?:token|secret|password|passwd|pwd|key|signature|sig|auth|credential)[\w.-]*=)[^&\s"'#<>\\]+/gi,
];
const IN_LOGS: readonly RegExp[] = [
  ...IN_TEXT,
  new RegExp(`\\b((?:[\\w-]*[_-])?${SECRET_NAME}["']?\\s*[:=]\\s*["']?)[^\\s"',}&\\\\]+`, 'gi'),
];

/**
 * @param env its variables that are named like secrets are known secrets, and so are passwords inside addresses in any of them
 * @param addresses options that may hold a user and password
 */
export function createRedactor(
  env: Readonly<Record<string, string | undefined>>,
  addresses: readonly (string | undefined)[] = [],
): Redactor {
  const known = knownPattern([...secretsOfEnvironment(env), ...addresses.flatMap(secretsOfAddress)]);
  const replace = (text: string, patterns: readonly RegExp[]) =>
    patterns.reduce(
      (result, pattern) => result.replace(pattern, `$1${REDACTED}`),
      known === null ? text : text.replace(known, REDACTED),
    );
  const text = (one: string) => replace(one, IN_TEXT);
  const data = (one: unknown, isBody = false): unknown => {
    if (typeof one === 'string') return text(one);
    if (Array.isArray(one)) return one.map((element) => data(element, isBody));
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(
      Object.entries(one).map(([key, value]) => [text(key), member(key, value, isBody)]),
    );
  };
  const member = (key: string, value: unknown, isBody: boolean) => {
    if (isBody && typeof value === 'string' && IS_SECRET_NAME.test(key)) return REDACTED;
    return data(value, isBody || /^(?:body|bodies|headers)$/i.test(key));
  };
  return { text, log: (one) => replace(one, IN_LOGS), data: (one) => data(one) };
}

/** An address without user, password, query and fragment; also one that git writes as `user@host:path`. */
export function bareAddress(address: string): string {
  return address
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')
    .replace(/^[^/@\s]+@(?=[^/]+:)/, '')
    .replace(/[?#].*$/, '');
}

function secretsOfEnvironment(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    // A variable that names the file of a key is no secret, and its path stands in many messages.
    if (!SECRET_VARIABLE.test(name) || (value.startsWith('/') && existsSync(value)))
      return secretsOfAddress(value);
    const lines = value.split(/\r?\n/).filter((line) => line.length >= LEAST_LINE_LENGTH);
    return [value, ...lines];
  });
}

/** The password of an address, alone and as it goes into a header, and the user, who may be a token. */
function secretsOfAddress(address = ''): string[] {
  const credentials = /^(?:--[\w-]+=)?(?:[a-z][a-z0-9+.-]*:\/\/)?([^\s/?#]*)@/i.exec(address)?.[1];
  if (credentials === undefined) return [];
  const colon = credentials.indexOf(':');
  const [user, password] =
    colon === -1 ? [credentials, ''] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
  const header = Buffer.from(`${decoded(user)}:${decoded(password)}`).toString('base64');
  return [password, decoded(password), header, ...(password === '' ? [user, decoded(user)] : [])];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether it can be taken out of texts without taking out what is no secret. */
export const isFindable = (secret: string) => secret.length >= LEAST_LENGTH && /\D/.test(secret);

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

function knownPattern(secrets: readonly string[]): RegExp | null {
  const written = secrets
    .map((secret) => secret.trim())
    .filter(isFindable)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]);
  // The longest first: one secret may begin with another.
  const sorted = [...new Set(written)].sort((a, b) => b.length - a.length);
  return sorted.length === 0 ? null : new RegExp(sorted.map(escaped).join('|'), 'g');
}
