import { createServer } from 'node:net';
import { join } from 'node:path';
import { start, waitFor } from '../process/processes.ts';
import { callToxiproxy } from '../stack/toxiproxy.ts';

/** The path from the load to the service through toxiproxy, which can be slowed, reset or cut at will. */
export interface Network extends AsyncDisposable {
  readonly url: string;
  /** Every connection, open and future, gets this toxic, with probability 1. */
  poison(type: 'latency' | 'reset_peer', attributes: Readonly<Record<string, number>>): Promise<void>;
  cure(): Promise<void>;
  /** Stops listening: connections are refused. */
  cut(): Promise<void>;
  /** Switches to another service; open connections are closed. */
  leadTo(upstream: string): Promise<void>;
}

const PATIENCE_MS = 10_000;
const TOXIC = 'fault';

export async function startNetwork(
  toxiproxyPath: string,
  upstream: string,
  folder: string,
  signal: AbortSignal,
): Promise<Network> {
  await using cleanup = new AsyncDisposableStack();
  const api = `http://127.0.0.1:${await freePort()}`;
  const process = cleanup.use(
    await start('toxiproxy', toxiproxyPath, ['-host', '127.0.0.1', '-port', new URL(api).port], {
      cwd: folder,
      env: { LOG_LEVEL: 'info' },
      logFile: join(folder, 'toxiproxy.log'),
    }),
  );
  const call = (method: string, path: string, body?: object) =>
    callToxiproxy(api, method, path, signal, body);
  await waitFor(process, 'starting to listen', PATIENCE_MS, signal, () =>
    call('GET', '/version').catch(() => null),
  );
  const { listen } = (await call('POST', '/proxies', {
    name: 'service',
    listen: '127.0.0.1:0',
    upstream: new URL(upstream).host,
    enabled: true,
  })) as { listen: string };
  const owned = cleanup.move();
  return {
    url: `http://${listen}`,
    poison: async (type, attributes) => {
      const toxic = { name: TOXIC, type, stream: 'downstream', toxicity: 1, attributes };
      await call('POST', '/proxies/service/toxics', toxic);
    },
    cure: async () => void (await call('DELETE', `/proxies/service/toxics/${TOXIC}`)),
    cut: async () => void (await call('POST', '/proxies/service', { enabled: false })),
    leadTo: async (to) =>
      void (await call('POST', '/proxies/service', { listen, upstream: new URL(to).host })),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** toxiproxy does not report a port that it chooses itself, so we choose the port. */
function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
