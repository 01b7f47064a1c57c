import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { parseDuration } from '../../slas/document/limits.ts';
import { type Asker, basicAuthorization } from '../../slas/prometheus/http.ts';
import type { Access, Tls } from '../../slas/prometheus/transport.ts';
import type { PlacedProblem } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { isSecretHeader, readHeaderLines } from '../runs/header-lines.ts';
import { createRedactor, isFindable } from '../runs/redact.ts';
import { checkTokens, type Env, placeOf, readPlainFile, secretOf, TOO_SHORT } from './tokens.ts';

/**
 * How the harness accesses a Prometheus: a token, a user name and password, additional headers such as a tenant, a
 * certificate authority and a client certificate. All of these come from the environment.
 */

/** Files in PEM format, each named by a variable. */
const TLS_FILES = {
  ca: 'PROMETHEUS_CA_FILE',
  cert: 'PROMETHEUS_CLIENT_CERT_FILE',
  key: 'PROMETHEUS_CLIENT_KEY_FILE',
} as const satisfies Record<keyof Tls, string>;

/** The problems of the access settings. No message contains a secret. */
export function checkAccess(env: Env, cwd: string): readonly PlacedProblem[] {
  return [
    ...checkTokens(['PROMETHEUS_TOKEN'], env, cwd),
    ...passwordProblems(env, cwd),
    ...headerProblems(env, cwd),
    ...contradictions(env, cwd),
    ...tlsProblems(env, cwd),
  ];
}

const problem = (path: string, message: string): PlacedProblem => ({ code: 'bad-access', path, message });

function passwordProblems(env: Env, cwd: string): readonly PlacedProblem[] {
  const password = secretOf('PROMETHEUS_PASSWORD', env, cwd);
  const place = placeOf('PROMETHEUS_PASSWORD', env);
  if (password === null)
    return env.PROMETHEUS_USER
      ? [
          problem(
            'PROMETHEUS_USER',
            'it has no password: set PROMETHEUS_PASSWORD or PROMETHEUS_PASSWORD_FILE',
          ),
        ]
      : [];
  if (password instanceof Error) return [problem(place, password.message)];
  if (!env.PROMETHEUS_USER) return [problem(place, 'it has no user: set PROMETHEUS_USER')];
  if (env.PROMETHEUS_USER.includes(':'))
    return [problem('PROMETHEUS_USER', 'a user name for basic authentication cannot contain a colon')];
  return isFindable(password) ? [] : [problem(place, TOO_SHORT)];
}

function headerProblems(env: Env, cwd: string): readonly PlacedProblem[] {
  const text = secretOf('PROMETHEUS_HEADERS', env, cwd);
  if (text === null) return [];
  const place = placeOf('PROMETHEUS_HEADERS', env);
  if (text instanceof Error) return [problem(place, text.message)];
  return readHeaderLines(text).flatMap((line) => {
    if (!line.ok) return [problem(place, line.error)];
    const { name, value } = line.value;
    if (isSecretHeader(line.value) && !isFindable(value))
      return [problem(place, `the value of ${name}: ${TOO_SHORT}`)];
    return /^(host|content-length|transfer-encoding|connection)$/i.test(name)
      ? [problem(place, `${name} is set by the harness itself: remove it`)]
      : [];
  });
}

/** Several settings for the Authorization header are a problem, because it would be unclear which one is sent. */
function contradictions(env: Env, cwd: string): readonly PlacedProblem[] {
  const given = [
    ...(secretOf('PROMETHEUS_TOKEN', env, cwd) === null ? [] : [placeOf('PROMETHEUS_TOKEN', env)]),
    ...(secretOf('PROMETHEUS_PASSWORD', env, cwd) === null ? [] : [placeOf('PROMETHEUS_PASSWORD', env)]),
    ...(headersOf(env, cwd).some(({ name }) => name.toLowerCase() === 'authorization')
      ? [`Authorization in ${placeOf('PROMETHEUS_HEADERS', env)}`]
      : []),
  ];
  if (given.length < 2) return [];
  return [problem(given[0]!, `${given.join(' and ')} set the same header: keep only one`)];
}

function headersOf(env: Env, cwd: string) {
  const text = secretOf('PROMETHEUS_HEADERS', env, cwd);
  if (text === null || text instanceof Error) return [];
  return readHeaderLines(text).flatMap((line) => (line.ok ? [line.value] : []));
}

function tlsProblems(env: Env, cwd: string): readonly PlacedProblem[] {
  const unreadable = tlsTexts(env, cwd).flatMap(([part, text]) =>
    text instanceof Error ? [problem(TLS_FILES[part], text.message)] : [],
  );
  if (unreadable.length > 0) return unreadable;
  const { ca, cert, key } = tlsOf(env, cwd);
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] =
      cert === undefined
        ? ([TLS_FILES.key, TLS_FILES.cert] as const)
        : ([TLS_FILES.cert, TLS_FILES.key] as const);
    return [problem(given, `a client certificate and its key belong together: set ${missing} too`)];
  }
  return [
    ...(ca === undefined || isCertificate(ca)
      ? []
      : [problem(TLS_FILES.ca, 'the file that it names is not a certificate in PEM')]),
    ...(cert === undefined || key === undefined ? [] : pairProblems(cert, key)),
  ];
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function pairProblems(cert: string, key: string): readonly PlacedProblem[] {
  if (!isCertificate(cert))
    return [problem(TLS_FILES.cert, 'the file that it names is not a certificate in PEM')];
  if (/ENCRYPTED/.test(key))
    return [
      problem(
        TLS_FILES.key,
        'the key is encrypted with a passphrase: name a file with the decrypted key that only you can read',
      ),
    ];
  try {
    createSecureContext({ cert, key });
    return [];
  } catch (error) {
    const why = /mismatch/i.test(String(error))
      ? `the key does not belong to the certificate of ${TLS_FILES.cert}`
      : 'the file that it names is not a private key in PEM';
    return [problem(TLS_FILES.key, why)];
  }
}

type TlsTexts = readonly (readonly [part: keyof Tls, text: string | Error])[];

/**
 * The files are read once per environment, and each command has one environment. The checked content is therefore the
 * content that is used.
 */
const read = new WeakMap<Env, TlsTexts>();

function tlsTexts(env: Env, cwd: string): TlsTexts {
  const known = read.get(env);
  if (known !== undefined) return known;
  const texts = (Object.keys(TLS_FILES) as (keyof Tls)[]).flatMap((part) => {
    const file = env[TLS_FILES[part]];
    return file ? [[part, readPlainFile(file, cwd)] as const] : [];
  });
  read.set(env, texts);
  return texts;
}

const tlsOf = (env: Env, cwd: string): Tls =>
  Object.fromEntries(tlsTexts(env, cwd).filter(([, text]) => typeof text === 'string'));

/** Omits a file that cannot be read. `checkAccess` reports the file before any query. */
export function accessOf(env: Env, cwd: string): Access {
  const tls = tlsOf(env, cwd);
  const password = secretOf('PROMETHEUS_PASSWORD', env, cwd);
  const token = secretOf('PROMETHEUS_TOKEN', env, cwd);
  return {
    headers: {
      ...Object.fromEntries(headersOf(env, cwd).map(({ name, value }) => [name.toLowerCase(), value])),
      ...(typeof token === 'string' ? { authorization: `Bearer ${token}` } : {}),
      ...(typeof password === 'string' && env.PROMETHEUS_USER
        ? { authorization: basicAuthorization(env.PROMETHEUS_USER, password) }
        : {}),
    },
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
}

/**
 * Creates a Prometheus client with the configured access. The client waits for late samples as long as `--ingest-delay`
 * allows.
 */
export const askerOf = (
  url: string,
  { signal, progress, env, cwd }: Io,
  ingestDelay?: string,
): Asker & Pick<Io, 'progress'> => ({
  url,
  signal,
  progress,
  ...(ingestDelay === undefined ? {} : { ingestDelaySeconds: parseDuration(ingestDelay)! }),
  redact: createRedactor(env, [url]).log,
  access: accessOf(env, cwd),
});
