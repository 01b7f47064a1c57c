import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Running, start, waitFor } from '../process/processes.ts';
import { isOk, START_PATIENCE_MS } from './listening.ts';

export interface Jaeger {
  readonly process: Running;
  /** The address at which traces can be viewed and queried. */
  readonly url: string;
  /** The address that receives traces, for OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly otlpUrl: string;
}

interface Ports {
  readonly http: number;
  readonly grpc: number;
  readonly otlp: number;
}

/**
 * Without this configuration, Jaeger would listen on fixed ports, and accept queries on every network interface of the
 * machine.
 */
export function jaegerConfig({ http, grpc, otlp }: Ports): string {
  const endpoint = (port: number) => ({ endpoint: `127.0.0.1:${port}` });
  return stringify({
    service: {
      extensions: ['jaeger_storage', 'jaeger_query'],
      pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
      telemetry: { metrics: { level: 'none' } },
    },
    extensions: {
      jaeger_storage: { backends: { memory: { memory: { max_traces: 20_000 } } } },
      jaeger_query: { storage: { traces: 'memory' }, http: endpoint(http), grpc: endpoint(grpc) },
    },
    receivers: { otlp: { protocols: { http: endpoint(otlp) } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
  });
}

/**
 * Starts a Jaeger that keeps traces in memory and listens only on this machine. It is stopped when the caller's cleanup
 * stack is disposed of.
 */
export async function startJaeger(
  path: string,
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  cleanup: AsyncDisposableStack,
): Promise<Jaeger> {
  const [http, grpc, otlp] = await freePorts(3);
  const config = join(folder, 'jaeger.yaml');
  await writeFile(config, jaegerConfig({ http: http!, grpc: grpc!, otlp: otlp! }));
  const logFile = join(folder, 'jaeger.log');
  const process = cleanup.use(
    await start('Jaeger', path, ['--config', config], { cwd: folder, env, logFile }),
  );
  const url = `http://127.0.0.1:${http}`;
  await waitFor(process, 'getting ready', START_PATIENCE_MS, signal, () => isOk(`${url}/api/services`));
  return { process, url, otlpUrl: `http://127.0.0.1:${otlp}` };
}

/**
 * Chooses ports in advance, because Jaeger does not report ports that the system chooses. All of them were free at the same
 * moment.
 */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            if (address !== null && typeof address === 'object') resolve(address.port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
