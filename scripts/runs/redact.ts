import { existsSync } from 'node:fs';
import { isSecretHeader, readHeaderLines } from './header-lines.ts';

/**
 * Removes secrets from everything that is stored or shown. It finds values known to be secret (from the
 * environment and from given URLs), wherever they are, and text that looks like a secret because of the words
 * before it.
 */
export interface Redactor {
  /** For the terminal, and for texts that are passed on unchanged. */
  text(text: string): string;
  /** For logs and other programs' files. Also redacts `password=…` and `api_key: …`, which in PromQL would be a label. */
  log(text: string): string;
  /**
   * Redacts every string of plain data. In bodies and headers, it also redacts values with the name of a secret, and it treats
   * quoted texts like logs.
   */
  data(data: unknown): unknown;
  /** For data written by the user: redacts values with the name of a secret anywhere, and treats every text like a log. */
  theirData(data: unknown): unknown;
}

export const REDACTED = '[redacted]';

const SECRET_VARIABLE = /TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|KEY/i;
/** Its lines are headers, some of which are secret. */
const HEADERS_VARIABLE = 'PROMETHEUS_HEADERS';
const SECRET_NAME = '(?:token|secret|password|passwd|api[_-]?key|access[_-]?key|private[_-]?key)';
const IS_SECRET_NAME = new RegExp(`^(?:(?:.*[_-])?${SECRET_NAME}|(?:proxy-)?authorization)$`, 'i');
/** Shorter values (`true`, `none`) and plain numbers would match text that is not secret. */
const MIN_LENGTH = 6;
/** One line of a multi-line key. */
const MIN_LINE_LENGTH = 16;

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
  const log = (one: string) => replace(one, IN_LOGS);
  const within = (one: unknown, kind: Kind): unknown => {
    if (typeof one === 'string') return kind === 'ours' || kind === 'body' ? text(one) : log(one);
    if (Array.isArray(one)) return one.map((element) => within(element, kind));
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(
      Object.entries(one).map(([key, value]) => [text(key), member(key, value, kind)]),
    );
  };
  const member = (key: string, value: unknown, kind: Kind) => {
    const isNamed = (kind === 'body' || kind === 'theirs') && IS_SECRET_NAME.test(key);
    if (isNamed && (typeof value === 'string' || typeof value === 'number')) return REDACTED;
    return within(value, kindOf(key, kind));
  };
  return {
    text,
    log,
    data: (one) => within(one, 'ours'),
    theirData: (one) => within(one, 'theirs'),
  };
}

/** `body`: what is sent. `quoted`: text from other programs, which contains no labels. `theirs`: written by the user. */
type Kind = 'ours' | 'body' | 'quoted' | 'theirs';

/** Text from other programs in our own data. Selectors and queries are excluded, because judging needs their labels. */
const QUOTED = /^(?:title|description|errors?|warnings|infos|incidents|stoppedBecause)$/;

function kindOf(key: string, kind: Kind): Kind {
  if (kind === 'theirs') return kind;
  if (kind === 'body' || /^(?:body|bodies|headers)$/i.test(key)) return 'body';
  return QUOTED.test(key) ? 'quoted' : kind;
}

/** A URL without user, password, query and fragment; also `user@host:path`, as git writes it. */
export function bareAddress(address: string): string {
  return address
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')
    .replace(/^[^/@\s]+@(?=[^/]+:)/, '')
    .replace(/[?#].*$/, '');
}

function secretsOfEnvironment(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (name === HEADERS_VARIABLE) return secretsOfHeaders(value);
    // A path to a key file is not secret, and appears in many messages.
    if (!SECRET_VARIABLE.test(name) || (value.startsWith('/') && existsSync(value)))
      return secretsOfAddress(value);
    const lines = value.split(/\r?\n/).filter((line) => line.length >= MIN_LINE_LENGTH);
    return [value, ...lines];
  });
}

/** The values of headers with credentials, and the credentials after a scheme such as `Bearer`. */
const secretsOfHeaders = (text: string): string[] =>
  readHeaderLines(text).flatMap((line) =>
    line.ok && isSecretHeader(line.value)
      ? [line.value.value, ...line.value.value.split(/[\s;]+/).slice(1)]
      : [],
  );

/** The password of a URL, plain and as encoded in a header, and the user name, which may be a token. */
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

/** Whether it can be redacted without matching text that is not secret. */
export const isFindable = (secret: string) => secret.length >= MIN_LENGTH && /\D/.test(secret);

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Every known secret in every notation that programs use; case is ignored. */
function knownPattern(secrets: readonly string[]): RegExp | null {
  const known = secrets.map((secret) => secret.trim()).filter(isFindable);
  // Longest first, because one secret may start with another.
  const sorted = [...new Set(known)].sort((a, b) => b.length - a.length);
  const forms = [...sorted.map(asWritten), ...sorted.flatMap(encodedForms)];
  return forms.length === 0 ? null : new RegExp([...new Set(forms)].join('|'), 'gi');
}

/**
 * Unchanged, or with special characters escaped as in URLs, JSON, HTML or Markdown; programs differ in which
 * ones they escape.
 */
const asWritten = (secret: string) => [...secret].map(signForms).join('');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;|&#38;',
  '<': '&lt;|&#60;',
  '>': '&gt;|&#62;',
  '"': '&quot;|&#34;',
  "'": '&apos;|&#39;|&#x27;',
  ' ': '\\+',
  '\n': '\\\\n',
  '\r': '\\\\r',
  '\t': '\\\\t',
};

function signForms(sign: string): string {
  if (/[a-z0-9]/i.test(sign)) return sign;
  const utf8 = [...Buffer.from(sign)].map((byte) => byte.toString(16).padStart(2, '0'));
  // Encoded twice, `%` itself is `%25`.
  const percent = utf8.map((hex) => `%(?:25)*${hex}`).join('');
  const units = Array.from({ length: sign.length }, (_, index) =>
    sign.charCodeAt(index).toString(16).padStart(4, '0'),
  );
  const unicode = units.map((unit) => `\\\\u${unit}`).join('');
  const named = ENTITIES[sign];
  return `(?:\\\\?${escaped(sign)}|${percent}|${unicode}${named === undefined ? '' : `|${named}`})`;
}

/** Shorter pieces of an encoded secret would match other text. */
const MIN_ENCODED_LENGTH = 7;

/**
 * In hexadecimal, and in Base64 at any position in a longer text; its first and last bits share characters
 * with the neighbouring bytes.
 */
function encodedForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const cores = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const isWhole = (offset + bytes.length) % 3 === 0;
    // Six bits per character: characters that include bits of neighbouring bytes are dropped.
    return encoded.slice(Math.ceil((offset * 8) / 6), isWhole ? undefined : -1);
  });
  const base64 = cores
    .filter((core) => core.length >= MIN_ENCODED_LENGTH)
    .map((core) => `${signsOfBase64(core)}[\\w+/-]{0,2}={0,2}`);
  return [...base64, bytes.toString('hex')];
}

/** Both alphabets, and `=` and `/` as escaped in URLs. */
const signsOfBase64 = (core: string) =>
  core.replace(/[+/]/g, (sign) => (sign === '+' ? '(?:[+-]|%2b)' : '(?:\\\\?/|_|%2f)'));
