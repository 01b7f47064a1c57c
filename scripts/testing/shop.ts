import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { serve } from './http-server.ts';

/** A shop that k6 scripts of every style can load: HTTP, WebSocket and gRPC, with the usual metrics at `/metrics`. */
export interface Shop extends AsyncDisposable {
  readonly url: string;
  /** host:port of its gRPC service. */
  readonly grpcAddress: string;
  /** Whether the shop responds with status 200 and a wrong body. */
  hasWrongBodies: boolean;
}

const EDGES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const PRICES: Readonly<Record<string, number>> = { 1: 5, 2: 7, 3: 11 };
const started = Date.now() / 1000;

export async function startShop(): Promise<Shop> {
  const metrics = new Metrics();
  const shop = { hasWrongBodies: false };
  const http = await serve((request, response) => {
    const path = request.url!.replace(/\?.*/, '');
    if (path === '/metrics')
      return void response.setHeader('content-type', 'text/plain; version=0.0.4').end(metrics.text());
    const beganMs = performance.now();
    request.resume();
    const { status, body } = respondTo(path, request, shop.hasWrongBodies);
    response.writeHead(status, { 'content-type': 'application/json' });
    // Counts before the client can see the response, so that a scrape after the last response includes everything.
    metrics.count(routeOf(path), request.method!, status, (performance.now() - beganMs) / 1000);
    response.end(JSON.stringify(body));
  });
  http.server.on('upgrade', (request, socket) => news(request, socket, shop.hasWrongBodies));
  const grpc = await serveGrpc(() => (shop.hasWrongBodies ? 12 : 11));
  return Object.assign(shop, {
    url: http.url,
    grpcAddress: grpc.address,
    [Symbol.asyncDispose]: async () => {
      await http[Symbol.asyncDispose]();
      await grpc[Symbol.asyncDispose]();
    },
  });
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

function respondTo(path: string, { headers }: IncomingMessage, isWrong: boolean): Reply {
  if (isWrong) return { status: 200, body: { error: 'out of stock', products: [] } };
  const ok = (body: unknown): Reply => ({ status: 200, body });
  const product = /^\/products\/(\d+)$/.exec(path)?.[1];
  if (product !== undefined) return ok({ id: product, price: PRICES[product] });
  if (path === '/checkout' && headers.authorization !== 'Bearer shop-token') return { status: 401, body: {} };
  if (path === '/checkout') return ok({ accepted: true });
  if (path === '/login' || path === '/logout') return ok({ token: 'shop-token' });
  if (path === '/products') return ok({ products: Object.keys(PRICES) });
  return ok({ visitor: /visitor=([^;]+)/.exec(headers.cookie ?? '')?.[1] ?? null });
}

const routeOf = (path: string) => path.replace(/\/\d+$/, '/:id');

// ---------------------------------------------------------------------------------------------- metrics

class Metrics {
  readonly #series = new Map<string, { sum: number; readonly buckets: number[] }>();

  count(route: string, method: string, status: number, seconds: number): void {
    const labels = `route="${route}",method="${method}",status="${status}"`;
    const own = this.#series.get(labels) ?? { sum: 0, buckets: [...EDGES.map(() => 0), 0] };
    this.#series.set(labels, own);
    own.sum += seconds;
    for (const [index, edge] of [...EDGES, Number.POSITIVE_INFINITY].entries())
      if (seconds <= edge) own.buckets[index]! += 1;
  }

  text(): string {
    const edges = [...EDGES.map(String), '+Inf'];
    const lines = [...this.#series].flatMap(([labels, { sum, buckets }]) => [
      `http_requests_total{${labels}} ${buckets.at(-1)}`,
      ...edges.map(
        (edge, index) => `http_request_duration_seconds_bucket{${labels},le="${edge}"} ${buckets[index]}`,
      ),
      `http_request_duration_seconds_sum{${labels}} ${sum}`,
      `http_request_duration_seconds_count{${labels}} ${buckets.at(-1)}`,
    ]);
    const { user, system } = process.cpuUsage();
    return [
      '# TYPE http_requests_total counter',
      '# TYPE http_request_duration_seconds histogram',
      ...lines.toSorted(),
      `process_start_time_seconds ${started}`,
      `process_cpu_seconds_total ${(user + system) / 1e6}`,
      '',
    ].join('\n');
  }
}

// ---------------------------------------------------------------------------------------------- other protocols

/** Only the handshake and the single text frame that a client needs. */
function news(request: IncomingMessage, socket: Duplex, isWrong: boolean): void {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
  const text = Buffer.from(isWrong ? 'nothing' : 'news');
  socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
  // Any frame that the client sends is its closing frame.
  socket.once('data', () => socket.end(Buffer.from([0x88, 0])));
  socket.on('error', () => socket.destroy());
}

/** A unary call that returns `{ price }`: field 1, a varint. */
async function serveGrpc(price: () => number) {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.resume();
    stream.on('end', () => stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, price()])));
    stream.on('error', () => stream.destroy());
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
