import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ok, type Result } from '../../slas/model/result.ts';
import { HarnessError } from '../cli/errors.ts';
import type { ListenAddress } from './address.ts';
import type { Judgements } from './judgements.ts';
import { type Parameters, parametersIn, parametersOf, parametersOfBoth, readQuestion } from './question.ts';
import { limitRates } from './rate-limit.ts';
import { type Asking, type Reply, refused, replyTo } from './respond.ts';
import type { IsAuthorised } from './token.ts';

/**
 * The HTTP server of the verifier. It uses node:http without a framework, which three routes do not need, so that the npm
 * package stays small.
 */

export interface ListenOptions {
  readonly judgements: Judgements;
  /** The operator's confidence. A request may ask for a higher one, but not for a lower one. */
  readonly least: number | null;
  readonly isAuthorised: IsAuthorised;
  /** Redacts secrets from responses. */
  readonly redact: (text: string) => string;
}

export interface Listening extends AsyncDisposable {
  readonly url: string;
}

/** The maximum size of a webhook, which contains a name, a phase and metadata. */
const MAX_BODY_BYTES = 64 * 1024;
const RECEIVE_LIMIT_MS = 10_000;
const MAX_CONNECTIONS = 200;
/** The time that requests in progress get after the program has been asked to stop. */
const DRAIN_MS = 10_000;

export async function listen(
  { host, port }: Pick<ListenAddress, 'host' | 'port'>,
  options: ListenOptions,
): Promise<Listening> {
  const limits = limitRates();
  const server = createServer((request, response) => {
    void answer(request, limits, options)
      .catch((): Reply => refused(500, 'the verifier failed'))
      .then((reply) => send(response, reply, options.redact));
  });
  // These limits apply to slow and idle clients. Judging has a separate time limit.
  server.requestTimeout = RECEIVE_LIMIT_MS;
  server.headersTimeout = RECEIVE_LIMIT_MS;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = MAX_CONNECTIONS;
  await opened(server, host, port);
  const { address, port: actual, family } = server.address() as AddressInfo;
  const shown = family === 'IPv6' ? `[${address}]` : address;
  return {
    url: `http://${shown}:${actual}`,
    [Symbol.asyncDispose]: () => closed(server),
  };
}

function opened(server: Server, host: string | null, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new HarnessError('cannot-listen', `cannot listen on ${host ?? ''}:${port}: ${cause.message}`, {
          nextStep: 'choose another port with --listen, or end the program that uses this one',
          cause,
        }),
      ),
    );
    server.listen({ port, ...(host === null ? {} : { host }) }, resolve);
  });
}

/** Finishes the requests in progress, and then closes the other connections. */
async function closed(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(timer);
}

type Limits = ReturnType<typeof limitRates>;

async function answer(request: IncomingMessage, limits: Limits, options: ListenOptions): Promise<Reply> {
  const url = new URL(request.url ?? '/', 'http://verifier');
  if (url.pathname === '/healthz') return { status: 200, body: { status: 'ok' } };
  const waitSeconds = limits.take(request.socket.remoteAddress ?? '', Date.now());
  if (waitSeconds > 0)
    return refused(429, 'too many requests from this address', { retryAfterSeconds: waitSeconds });
  if (!options.isAuthorised(request.headers.authorization))
    return refused(401, 'send the token of the verifier: Authorization: Bearer …');
  const asking = askingOf(request.method, url.pathname);
  if (typeof asking === 'object') return asking;
  const given = await parametersFrom(request, url, asking);
  if (!given.ok) return given.error;
  const question = readQuestion(given.value, Date.now() / 1000);
  if (!question.ok) return refused(400, question.error);
  const { confidence } = question.value;
  if (confidence !== undefined && options.least !== null && confidence < options.least)
    return refused(400, `confidence ${confidence} is lower than that of the verifier (${options.least})`);
  return replyTo(await options.judgements.ask(question.value), question.value, asking);
}

function askingOf(method: string | undefined, path: string): Asking | Reply {
  if (path === '/verdict') {
    if (method === 'GET') return 'report';
    return method === 'POST' ? 'only-on-pass' : refused(405, 'use GET or POST', { allow: 'GET, POST' });
  }
  if (path !== '/rollback') return refused(404, 'not found: use /verdict, /rollback or /healthz');
  return method === 'POST' ? 'only-on-fail' : refused(405, 'use POST', { allow: 'POST' });
}

async function parametersFrom(
  request: IncomingMessage,
  url: URL,
  asking: Asking,
): Promise<Result<Parameters, Reply>> {
  const inUrl = parametersIn(url);
  if (!inUrl.ok) return { ok: false, error: refused(400, inUrl.error) };
  if (asking === 'report') return inUrl;
  const text = await bodyOf(request);
  if (text === null) return { ok: false, error: refused(413, `the body exceeds ${MAX_BODY_BYTES} bytes`) };
  const metadata = metadataIn(text);
  if (!metadata.ok) return { ok: false, error: refused(400, metadata.error) };
  const both = parametersOfBoth(inUrl.value, metadata.value);
  return both.ok ? both : { ok: false, error: refused(400, both.error) };
}

function metadataIn(text: string): Result<Parameters, string> {
  if (text.trim() === '') return ok({});
  try {
    return parametersOf((JSON.parse(text) as { metadata?: unknown } | null)?.metadata);
  } catch {
    return { ok: false, error: 'the body is not JSON' };
  }
}

/** Resolves to null if the body is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, reply: Reply, redact: (text: string) => string): void {
  const { status, body, retryAfterSeconds, allow } = reply;
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      // The rest of a refused body is not read.
      ...(status === 413 ? { connection: 'close' } : {}),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...(allow === undefined ? {} : { allow }),
    })
    .end(`${redact(JSON.stringify(body))}\n`);
}
