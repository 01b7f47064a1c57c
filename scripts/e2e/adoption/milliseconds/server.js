import { createServer } from 'node:http';
import { Counter, collectDefaultMetrics, Histogram, register } from 'prom-client';

// A plain Node server with hand-written metrics, in milliseconds.
collectDefaultMetrics();
const latency = new Histogram({
  name: 'http_request_duration_ms',
  help: 'Time to respond, in milliseconds',
  labelNames: ['route', 'method', 'code'],
  buckets: [5, 10, 25, 50, 100, 250, 500, 1000, 2500],
});
const total = new Counter({
  name: 'http_requests_total',
  help: 'Requests',
  labelNames: ['route', 'method', 'code'],
});

let requests = 0;
const isOneIn = (share) => share > 0 && requests % Math.round(1 / share) === 0;

async function checkout() {
  requests++;
  if (isOneIn(Number(process.env.ERRORS ?? 0))) return { code: 500, body: { accepted: false } };
  if (isOneIn(Number(process.env.SLOW ?? 0))) await new Promise((resolve) => setTimeout(resolve, 700));
  return { code: 200, body: { accepted: true } };
}

const server = createServer(async (request, response) => {
  if (request.url === '/metrics')
    return void response.setHeader('content-type', register.contentType).end(await register.metrics());
  const startedMs = performance.now();
  const { code, body } = request.url === '/checkout' ? await checkout() : { code: 404, body: {} };
  const labels = { route: code === 404 ? 'other' : request.url, method: request.method, code };
  latency.observe(labels, performance.now() - startedMs);
  total.inc(labels);
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}`),
);
