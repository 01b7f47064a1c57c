import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askOnce } from '../../slas/prometheus/http.ts';
import { type PrometheusServer, startPrometheusWith } from '../../slas/testing/prometheus-server.ts';
import type { Io } from '../cli/io.ts';
import { createRedactor } from '../runs/redact.ts';
import { prometheusVersion } from '../stack/prometheus-admin.ts';
import { temporaryFolder } from '../testing/sla.ts';
import { accessOf, askerOf, checkAccess } from './prometheus-access.ts';
import type { Env } from './tokens.ts';

const USER = 'gate';
const PASSWORD = 'open-sesame-42';
/** The hash of the password above, with the minimum number of rounds. */
const BCRYPT = '$2b$04$BsQQ4oPsEWZuVqMHYJVdvOI2E3T6haEtvsyxe64uPGN1h0gwqORou';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const file = (name: string) => join(folder.path, name);
const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { timeout: 30_000 });

/** Creates a certificate that a private authority has signed. */
async function makeCertificate(name: string, authority: string, extension: string): Promise<void> {
  await openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    file(`${name}.key`),
    '-out',
    file(`${name}.csr`),
    '-subj',
    `/CN=${name}`,
  );
  await writeFile(file(`${name}.ext`), extension);
  await openssl(
    'x509',
    '-req',
    '-in',
    file(`${name}.csr`),
    '-CA',
    file(`${authority}.pem`),
    '-CAkey',
    file(`${authority}.key`),
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    file(`${name}.ext`),
    '-out',
    file(`${name}.pem`),
  );
}

const makeAuthority = (name: string) =>
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    file(`${name}.key`),
    '-out',
    file(`${name}.pem`),
    '-subj',
    `/CN=${name}`,
  );

let server: PrometheusServer;
const io = (env: Env): Io =>
  ({ signal: new AbortController().signal, progress: () => {}, env, cwd: folder.path }) as unknown as Io;
const ask = async (env: Env, url = server.url) => await askOnce('vector(1)', 1000, askerOf(url, io(env)));
const errorOf = async (env: Env, url?: string) => (await ask(env, url)).error;

beforeAll(async () => {
  folder = await temporaryFolder();
  await Promise.all(['ca', 'other-ca'].map(makeAuthority));
  await makeCertificate('server', 'ca', 'subjectAltName=IP:127.0.0.1');
  await makeCertificate('client', 'ca', 'extendedKeyUsage=clientAuth');
  await makeCertificate('stranger', 'other-ca', 'extendedKeyUsage=clientAuth');
  await writeFile(
    file('web.yml'),
    [
      'tls_server_config:',
      '  cert_file: server.pem',
      '  key_file: server.key',
      '  client_ca_file: ca.pem',
      '  client_auth_type: RequireAndVerifyClientCert',
      'basic_auth_users:',
      `  ${USER}: ${BCRYPT}`,
    ].join('\n'),
  );
  server = await startPrometheusWith(async () => {}, {
    args: [`--web.config.file=${file('web.yml')}`, '--web.external-url=https://example.org/metrics-store'],
    scheme: 'https',
    prefix: '/metrics-store',
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

const WHOLE: Env = {
  PROMETHEUS_CA_FILE: 'ca.pem',
  PROMETHEUS_CLIENT_CERT_FILE: 'client.pem',
  PROMETHEUS_CLIENT_KEY_FILE: 'client.key',
  PROMETHEUS_USER: USER,
  PROMETHEUS_PASSWORD: PASSWORD,
};
const without = (...names: string[]): Env =>
  Object.fromEntries(Object.entries(WHOLE).filter(([name]) => !names.includes(name)));

test('the files are read once per environment, so that the checked content is also the content that is used', async () => {
  const env: Env = { PROMETHEUS_CA_FILE: 'replaced.pem' };
  const authority = await readFile(file('ca.pem'), 'utf8');
  await writeFile(file('replaced.pem'), authority);
  expect(checkAccess(env, folder.path)).toEqual([]);
  await writeFile(file('replaced.pem'), 'no certificate');
  expect(accessOf(env, folder.path).tls).toEqual({ ca: authority });
  expect(accessOf({ ...env }, folder.path).tls).toEqual({ ca: 'no certificate' });
});

describe('a Prometheus with a private authority, client certificates, basic authentication and a path prefix', () => {
  test('responds if all credentials are given', async () => {
    expect(checkAccess(WHOLE, folder.path)).toEqual([]);
    expect(await ask(WHOLE)).toMatchObject({ error: null, series: [{ labels: {} }] });
    expect(await prometheusVersion(askerOf(server.url, io(WHOLE)))).toMatch(/^\d+\.\d+/);
  });

  test('rejects a wrong password, and the message says so', async () => {
    expect(await errorOf({ ...WHOLE, PROMETHEUS_PASSWORD: 'close-sesame-42' })).toMatch(/^status 401\b/);
  });

  test.each([
    ['no authority', () => without('PROMETHEUS_CA_FILE'), /PROMETHEUS_CA_FILE/],
    ['another authority', () => ({ ...WHOLE, PROMETHEUS_CA_FILE: 'other-ca.pem' }), /PROMETHEUS_CA_FILE/],
    [
      'no client certificate',
      () => without('PROMETHEUS_CLIENT_CERT_FILE', 'PROMETHEUS_CLIENT_KEY_FILE'),
      /PROMETHEUS_CLIENT_CERT_FILE and PROMETHEUS_CLIENT_KEY_FILE/,
    ],
    [
      'a client certificate that the server does not accept',
      () => ({
        ...WHOLE,
        PROMETHEUS_CLIENT_CERT_FILE: 'stranger.pem',
        PROMETHEUS_CLIENT_KEY_FILE: 'stranger.key',
      }),
      /PROMETHEUS_CLIENT_CERT_FILE and PROMETHEUS_CLIENT_KEY_FILE/,
    ],
  ])('with %s, the error names the variables that would help', async (_, env, message) => {
    expect(await errorOf(env())).toMatch(message);
  });

  test('the error reports a host name that the certificate does not list, and an address with the wrong scheme', async () => {
    expect(await errorOf(WHOLE, server.url.replace('127.0.0.1', 'localhost'))).toContain(
      'its certificate is for other host names',
    );
    expect(await errorOf(WHOLE, server.url.replace('https:', 'http:'))).toMatch(/^status 400\b.*HTTPS/);
    await using plain = await startPrometheusWith(async () => {});
    expect(await errorOf(WHOLE, plain.url.replace('http:', 'https:'))).toContain('http://');
  });
});

describe('headers', () => {
  test('are sent with every request, and a redirect is not followed', async () => {
    const seen: unknown[] = [];
    const proxy = createServer((request, response) => {
      seen.push([
        request.url?.split('?')[0],
        request.headers['x-scope-orgid'],
        request.headers.authorization,
      ]);
      response.writeHead(302, { location: '/login?token=abc-secret-9' }).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as { port: number };
    try {
      const env = { PROMETHEUS_HEADERS: 'X-Scope-OrgID: checkout\nAuthorization: Token s3cret-value' };
      const error = await errorOf(env, `http://127.0.0.1:${port}/prometheus`);
      expect(error).toMatch(new RegExp(`^status 302: it redirects to http://127.0.0.1:${port}/login,`));
      expect(seen).toEqual([['/prometheus/api/v1/query', 'checkout', 'Token s3cret-value']]);
    } finally {
      proxy.close();
    }
  });

  test('are redacted if they contain credentials; a tenant is not redacted', () => {
    const env = {
      PROMETHEUS_HEADERS:
        'X-Scope-OrgID: checkout\nX-Api-Key: k3y-of-checkout\nAuthorization: Token s3cret-value',
    };
    const { text } = createRedactor(env);
    expect(text('job="checkout" k3y-of-checkout, s3cret-value')).toBe(
      'job="checkout" [redacted], [redacted]',
    );
  });

  test('can also be read from a file', async () => {
    await writeFile(file('headers.txt'), '\nX-Scope-OrgID: checkout\n\nX-Team: payments\n');
    expect(accessOf({ PROMETHEUS_HEADERS_FILE: 'headers.txt' }, folder.path).headers).toEqual({
      'x-scope-orgid': 'checkout',
      'x-team': 'payments',
    });
  });
});

describe('invalid access settings are reported before any query', () => {
  const problemsOf = (env: Env) =>
    checkAccess(env, folder.path).map(({ path, message }) => `${path}: ${message}`);

  test.each<[Env, RegExp]>([
    [{ PROMETHEUS_USER: USER }, /^PROMETHEUS_USER: it has no password/],
    [{ PROMETHEUS_PASSWORD: PASSWORD }, /^PROMETHEUS_PASSWORD: it has no user/],
    [{ PROMETHEUS_USER: 'a:b', PROMETHEUS_PASSWORD: PASSWORD }, /^PROMETHEUS_USER: .*colon/],
    [{ PROMETHEUS_USER: USER, PROMETHEUS_PASSWORD: '123' }, /^PROMETHEUS_PASSWORD: it is too short/],
    [{ PROMETHEUS_HEADERS: 'X-Scope-OrgID' }, /^PROMETHEUS_HEADERS: line 1 is not a header/],
    [{ PROMETHEUS_HEADERS: 'X-A: b\nX-B:' }, /^PROMETHEUS_HEADERS: line 2 is not a header/],
    [{ PROMETHEUS_HEADERS: 'X-Token: abc' }, /^PROMETHEUS_HEADERS: the value of X-Token: it is too short/],
    [{ PROMETHEUS_HEADERS: 'Host: example.org' }, /^PROMETHEUS_HEADERS: Host is set by the harness/],
    [
      { PROMETHEUS_TOKEN: 'token-12ab', PROMETHEUS_HEADERS: 'Authorization: Basic abcdef12' },
      /^PROMETHEUS_TOKEN: PROMETHEUS_TOKEN and Authorization in PROMETHEUS_HEADERS set the same header/,
    ],
    [{ PROMETHEUS_CA_FILE: 'nowhere.pem' }, /^PROMETHEUS_CA_FILE: .*cannot be read \(ENOENT\)/],
    [{ PROMETHEUS_CA_FILE: 'ca.key' }, /^PROMETHEUS_CA_FILE: .*not a certificate in PEM/],
    [
      { PROMETHEUS_CLIENT_CERT_FILE: 'client.pem' },
      /^PROMETHEUS_CLIENT_CERT_FILE: .*PROMETHEUS_CLIENT_KEY_FILE/,
    ],
    [
      { PROMETHEUS_CLIENT_CERT_FILE: 'client.pem', PROMETHEUS_CLIENT_KEY_FILE: 'server.key' },
      /^PROMETHEUS_CLIENT_KEY_FILE: the key does not belong/,
    ],
    [
      { PROMETHEUS_CLIENT_CERT_FILE: 'client.pem', PROMETHEUS_CLIENT_KEY_FILE: 'client.pem' },
      /^PROMETHEUS_CLIENT_KEY_FILE: the file that it names is not a private key/,
    ],
  ])('%o', (env, message) => {
    const problems = problemsOf(env);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(message);
  });

  test('an encrypted key', async () => {
    await openssl(
      'rsa',
      '-aes256',
      '-passout',
      'pass:locked-1',
      '-in',
      file('client.key'),
      '-out',
      file('locked.key'),
    );
    expect(await readFile(file('locked.key'), 'utf8')).toContain('ENCRYPTED');
    const env = { PROMETHEUS_CLIENT_CERT_FILE: 'client.pem', PROMETHEUS_CLIENT_KEY_FILE: 'locked.key' };
    expect(problemsOf(env)).toEqual([expect.stringMatching(/^PROMETHEUS_CLIENT_KEY_FILE: .*passphrase/)]);
  });
});
