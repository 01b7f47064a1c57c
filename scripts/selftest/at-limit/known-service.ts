import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the service does with a request. `status` null: it never responds. */
export interface Treatment {
  readonly afterMs: number;
  readonly status: number | null;
}

/**
 * A small service whose behaviour is fully known: the caller decides the response to each request, and it counts requests as
 * services usually do. `http_requests_total` and `http_request_duration_seconds` are at `/metrics`; every other path is a
 * request.
 */
export interface KnownService extends AsyncDisposable {
  readonly url: string;
  /** The number of requests so far, with any response. */
  readonly received: number;
  /** Called with the number of the request, from 0. Can be changed at any time. */
  treat: (index: number) => Treatment;
  /** While false, scrapes fail. */
  isScrapable: boolean;
}

/** Bucket edges of its histogram, in seconds. */
export const EDGES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Counters for these statuses exist from the start. */
const STATUSES = [200, 503];

/** @param at where it listens; a free port of this machine by default */
export async function startKnownService(
  treat: KnownService['treat'],
  at: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<KnownService> {
  const counts = new Counts();
  const waiting = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === '/metrics') return void scrape(counts, service.isScrapable, response);
    const { afterMs, status } = service.treat(service.received++);
    if (status === null) return;
    const beganMs = performance.now();
    const timer = setTimeout(() => {
      waiting.delete(timer);
      // Like most services, it also counts requests whose client has disconnected. It counts before the client sees the
      // response, so a scrape after the last response includes everything.
      counts.add(status, (performance.now() - beganMs) / 1000);
      respond(response, status);
    }, afterMs);
    waiting.add(timer);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  const service = {
    url: `http://${at.host}:${(server.address() as AddressInfo).port}`,
    received: 0,
    treat,
    isScrapable: true,
    [Symbol.asyncDispose]: async () => {
      for (const timer of waiting) clearTimeout(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}

function scrape(counts: Counts, isScrapable: boolean, response: ServerResponse): void {
  if (!isScrapable) return void response.writeHead(500).end();
  response.setHeader('content-type', 'text/plain; version=0.0.4').end(counts.text());
}

function respond(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(status === 200 ? { accepted: true } : { error: 'unavailable' }));
}

class Counts {
  readonly #startedSeconds = Date.now() / 1000;
  readonly #byStatus = new Map(STATUSES.map((status) => [status, { sum: 0, buckets: emptyBuckets() }]));

  add(status: number, seconds: number): void {
    const own = this.#byStatus.get(status) ?? { sum: 0, buckets: emptyBuckets() };
    this.#byStatus.set(status, own);
    own.sum += seconds;
    for (const [index, edge] of ALL_EDGES.entries()) if (seconds <= edge) own.buckets[index]! += 1;
  }

  text(): string {
    const lines = [...this.#byStatus].flatMap(([status, { sum, buckets }]) => [
      `http_requests_total{status="${status}"} ${buckets.at(-1)}`,
      ...ALL_EDGES.map(
        (edge, index) =>
          `http_request_duration_seconds_bucket{status="${status}",le="${edgeText(edge)}"} ${buckets[index]}`,
      ),
      `http_request_duration_seconds_sum{status="${status}"} ${sum}`,
      `http_request_duration_seconds_count{status="${status}"} ${buckets.at(-1)}`,
    ]);
    const { user, system } = process.cpuUsage();
    return [
      '# TYPE http_requests_total counter',
      '# TYPE http_request_duration_seconds histogram',
      // A metric's lines must be together.
      ...lines.toSorted(),
      `process_start_time_seconds ${this.#startedSeconds}`,
      `process_cpu_seconds_total ${(user + system) / 1e6}`,
      '',
    ].join('\n');
  }
}

const ALL_EDGES = [...EDGES, Number.POSITIVE_INFINITY];
const emptyBuckets = () => ALL_EDGES.map(() => 0);
const edgeText = (edge: number) => (Number.isFinite(edge) ? String(edge) : '+Inf');
