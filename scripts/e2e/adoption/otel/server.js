import { createRequire } from 'node:module';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { NodeSDK } from '@opentelemetry/sdk-node';

// OpenTelemetry's SDK for Node with its Prometheus exporter, which serves /metrics on a separate port.
const metricsPort = Number(process.env.METRICS_PORT ?? 9464);
new NodeSDK({
  metricReader: new PrometheusExporter({ host: '127.0.0.1', port: metricsPort }),
  instrumentations: [new HttpInstrumentation()],
}).start();
// Instrumented modules must be loaded after the SDK has started.
const { createServer } = createRequire(import.meta.url)('node:http');

let requests = 0;
const isOneIn = (share) => share > 0 && requests % Math.round(1 / share) === 0;

const server = createServer(async (_request, response) => {
  requests++;
  if (isOneIn(Number(process.env.ERRORS ?? 0))) return void response.writeHead(500).end('{"accepted":false}');
  if (isOneIn(Number(process.env.SLOW ?? 0))) await new Promise((resolve) => setTimeout(resolve, 700));
  response.setHeader('content-type', 'application/json').end('{"accepted":true}');
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}`),
);
