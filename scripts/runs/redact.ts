import { existsSync } from 'node:fs';
import { isSecretHeader, readHeaderLines } from './header-lines.ts';

/**
 * Removes secrets from everything that is stored or shown. There are two kinds: known secrets, which come from the
 * environment and from given URLs; and text that looks like a secret because of the words before it.
 */
export interface Redactor {
  /** For the terminal, and for text that is passed on unchanged. */
  text(text: string): string;
  /** For logs and files of other programs. Also redacts `password=…` and `api_key: …`, which could be labels in PromQL. */
  log(text: string): string;
  /**
   * Redacts every string in plain data. In bodies and headers, it also redacts values with the name of a secret. Quoted
   * texts are treated like logs.
   */
  data(data: unknown): unknown;
  /** For data that the user wrote: redacts values with the name of a secret anywhere, and treats every text like a log. */
  theirData(data: unknown): unknown;
}

export const REDACTED = '[redacted]';

const SECRET_VARIABLE = /TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|KEY/i;
/** This variable contains one header per line, and some headers are secret. */
const HEADERS_VARIABLE = 'PROMETHEUS_HEADERS';
const SECRET_NAME = '(?:token|secret|password|passwd|api[_-]?key|access[_-]?key|private[_-]?key)';
const IS_SECRET_NAME = new RegExp(`^(?:(?:.*[_-])?${SECRET_NAME}|(?:proxy-)?authorization)$`, 'i');
/** Shorter values (`true`, `none`) and plain numbers are not redacted, because they would match text that is not secret. */
const MIN_LENGTH = 6;
/** Matches one line of a multi-line key. */
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
 * @param env variables with the name of a secret are known secrets; so are passwords in addresses in any variable
 * @param addresses values of options that may contain a user name and a password
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

/**
 * `body`: the content of a request. `quoted`: text from other programs, which contains no labels. `theirs`: written by the
 * user.
 */
type Kind = 'ours' | 'body' | 'quoted' | 'theirs';

/**
 * Fields of our own data that contain text from other programs. Selectors and queries are not among them, because judging
 * needs their labels.
 */
const QUOTED = /^(?:title|description|errors?|warnings|infos|incidents|stoppedBecause)$/;

function kindOf(key: string, kind: Kind): Kind {
  if (kind === 'theirs') return kind;
  if (kind === 'body' || /^(?:body|bodies|headers)$/i.test(key)) return 'body';
  return QUOTED.test(key) ? 'quoted' : kind;
}

/** Removes the user, password, query and fragment from a URL or from git's form `user@host:path`. */
export function bareAddress(address: string): string {
  return address
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, '$1')
    .replace(/^[^/@\s]+@(?=[^/]+:)/, '')
    .replace(/[?#].*$/, '');
}

function secretsOfEnvironment(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value = '']) => {
    if (name === HEADERS_VARIABLE) return secretsOfHeaders(value);
    // The path of a key file is not secret, and appears in many messages.
    if (!SECRET_VARIABLE.test(name) || (value.startsWith('/') && existsSync(value)))
      return secretsOfAddress(value);
    const lines = value.split(/\r?\n/).filter((line) => line.length >= MIN_LINE_LENGTH);
    return [value, ...lines];
  });
}

/** The values of headers that contain credentials, and the credentials after a scheme such as `Bearer`. */
const secretsOfHeaders = (text: string): string[] =>
  readHeaderLines(text).flatMap((line) =>
    line.ok && isSecretHeader(line.value)
      ? [line.value.value, ...line.value.value.split(/[\s;]+/).slice(1)]
      : [],
  );

/** The password of a URL, plain and as encoded in a header. The user name is also redacted, because it may be a token. */
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

/** Whether the secret can be redacted without also matching text that is not secret. */
export const isFindable = (secret: string) => secret.length >= MIN_LENGTH && /\D/.test(secret);

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Matches every known secret in every notation that programs use, without regard to case. */
function knownPattern(secrets: readonly string[]): RegExp | null {
  const known = secrets.map((secret) => secret.trim()).filter(isFindable);
  // Longer secrets come first, because one secret may start with another.
  const sorted = [...new Set(known)].sort((a, b) => b.length - a.length);
  const forms = [...sorted.map(asWritten), ...sorted.flatMap(encodedForms)];
  return forms.length === 0 ? null : new RegExp([...new Set(forms)].join('|'), 'gi');
}

/**
 * The secret unchanged, or with special characters escaped as in URLs, JSON, HTML or Markdown. Programs differ in which
 * characters they escape.
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
  // In text that is URL-encoded twice, `%` itself is `%25`.
  const percent = utf8.map((hex) => `%(?:25)*${hex}`).join('');
  const units = Array.from({ length: sign.length }, (_, index) =>
    sign.charCodeAt(index).toString(16).padStart(4, '0'),
  );
  const unicode = units.map((unit) => `\\\\u${unit}`).join('');
  const named = ENTITIES[sign];
  return `(?:\\\\?${escaped(sign)}|${percent}|${unicode}${named === undefined ? '' : `|${named}`})`;
}

/** A shorter part of an encoded secret would match other text. */
const MIN_ENCODED_LENGTH = 7;

/**
 * The secret in hexadecimal, and in Base64 at any position in a longer text. There, its first and last bits share characters
 * with the neighbouring bytes.
 */
function encodedForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const cores = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const isWhole = (offset + bytes.length) % 3 === 0;
    // Each character encodes six bits. Characters that include bits of neighbouring bytes are dropped.
    return encoded.slice(Math.ceil((offset * 8) / 6), isWhole ? undefined : -1);
  });
  const base64 = cores
    .filter((core) => core.length >= MIN_ENCODED_LENGTH)
    .map((core) => `${signsOfBase64(core)}[\\w+/-]{0,2}={0,2}`);
  return [...base64, bytes.toString('hex')];
}

/** Accepts both Base64 alphabets, and `+` and `/` as escaped in URLs and JSON. */
const signsOfBase64 = (core: string) =>
  core.replace(/[+/]/g, (sign) => (sign === '+' ? '(?:[+-]|%2b)' : '(?:\\\\?/|_|%2f)'));
