import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request that passes through a relay. */
export interface Exchange {
  readonly method: string;
  /** Includes the query. */
  readonly path: string;
  readonly type: string | undefined;
  readonly body: Buffer;
  /** Aborted when the caller has disconnected. */
  readonly gone: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What a relay does with a request; `forward` passes it on, unchanged or to another path. */
export type Behaviour = (exchange: Exchange, forward: (path?: string) => Promise<Answer>) => Promise<Answer>;

/**
 * A small HTTP proxy on 127.0.0.1 that can be made to misbehave. It runs between Prometheus and the service, between
 * us and Prometheus, or in front of the service. Upstream and behaviour can be changed at any time.
 */
export interface Relay extends AsyncDisposable {
  readonly url: string;
  upstream: string;
  behaviour: Behaviour;
}

export const passOn: Behaviour = (_, forward) => forward();

export async function startRelay(upstream: string, behaviour: Behaviour = passOn): Promise<Relay> {
  const server = createServer(async (request, response) => {
    try {
      const exchange = await receive(request, response);
      const forward = (path = exchange.path) => ask(relay.upstream + path, exchange);
      const { status, type, body } = await relay.behaviour(exchange, forward);
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    } catch {
      // The upstream or the caller is gone, so the other side sees only a broken connection.
      response.destroy();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const relay: Relay = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    upstream,
    behaviour,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return relay;
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<Exchange> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return {
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    type: request.headers['content-type'],
    body: Buffer.concat(chunks),
    gone: gone.signal,
  };
}

async function ask(url: string, { method, type, body, gone }: Exchange): Promise<Answer> {
  const response = await fetch(url, {
    method,
    signal: gone,
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? 'text/plain',
    body: await response.text(),
  };
}
