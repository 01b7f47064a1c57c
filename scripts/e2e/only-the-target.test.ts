import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onlyTo } from '../run/allowed-addresses.ts';
import { findTool } from '../tools/find-tool.ts';

/** Whatever a script does, k6 connects only to the load target's addresses. */

interface Listening {
  readonly server: Server;
  /** TCP connections since the last call, including those that never became a request. */
  connections: number;
  requests: number;
}

const HOSTS = ['127.0.0.1', '127.0.0.2', '::1'] as const;
const listening = new Map<string, Listening>();
let port: number;
let folder: string;
let k6: string;

async function listen(host: string, at: number): Promise<number> {
  const server = createServer(({ url }, response) => {
    listening.get(host)!.requests += 1;
    if (url === '/away') response.writeHead(302, { location: `http://127.0.0.2:${port}/` });
    response.end('ok');
  });
  server.on('connection', () => {
    listening.get(host)!.connections += 1;
  });
  listening.set(host, { server, connections: 0, requests: 0 });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'only-'));
  const io = { env: process.env, progress: () => {}, signal: new AbortController().signal };
  k6 = (await findTool('k6', io)).path;
  port = await listen(HOSTS[0], 0);
  for (const host of HOSTS.slice(1)) await listen(host, port);
});
afterAll(async () => {
  for (const { server } of listening.values()) server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a script, and returns how many connections and requests each address received. */
async function reached(text: string, options = '{}', limits?: readonly string[]) {
  const file = join(folder, 'aimed.js');
  await writeFile(file, `import http from 'k6/http';\nexport const options = ${options};\n${text}`);
  for (const one of listening.values()) Object.assign(one, { connections: 0, requests: 0 });
  const args = [
    'run',
    '--quiet',
    '--no-usage-report',
    '--address',
    '',
    ...(limits ?? (await onlyTo(target()))),
  ];
  const env = { ...process.env, PORT: String(port) };
  await promisify(execFile)(k6, [...args, file], { env, timeout: 30_000 }).catch((error) => {
    // A blocked script may fail, but these tests do not check that.
    if (error.killed) throw error;
  });
  return Object.fromEntries(HOSTS.map((host) => [host, count(host)]));
}

const target = () => `http://127.0.0.1:${port}`;
const count = (host: string) => {
  const { connections, requests } = listening.get(host)!;
  return { connections: Math.min(1, connections), requests };
};

const NOTHING = { connections: 0, requests: 0 };
const TARGET_ONLY = (requests: number) => ({
  '127.0.0.1': { connections: 1, requests },
  '127.0.0.2': NOTHING,
  '::1': NOTHING,
});

const EVERYWHERE = `
  const url = (host) => 'http://' + host + ':' + __ENV.PORT + '/';
  export default function () {
    for (const host of ['127.0.0.1', '127.0.0.2', '[::1]', '[::ffff:127.0.0.2]', 'elsewhere.test'])
      http.get(url(host));
  }`;

test('without the restriction, the same script reaches all addresses', async () => {
  const all = await reached(EVERYWHERE, '{}', []);
  expect(Object.values(all).map(({ requests }) => requests)).toEqual([1, 2, 1]);
});

test('a script that aims at several addresses reaches only the load target', async () => {
  expect(await reached(EVERYWHERE)).toEqual(TARGET_ONLY(1));
});

test('a script that clears its own list of forbidden addresses reaches only the load target', async () => {
  expect(await reached(EVERYWHERE, '{ blacklistIPs: [], blockHostnames: [] }')).toEqual(TARGET_ONLY(1));
});

test('names that the script maps to other addresses are not reachable', async () => {
  const hosts = `{ hosts: { 'elsewhere.test': '127.0.0.2', 'target.test': '127.0.0.1', '*.six.test': '::1' } }`;
  const text = `
    const url = (host) => 'http://' + host + ':' + __ENV.PORT + '/';
    export default function () {
      for (const host of ['elsewhere.test', 'target.test', 'a.six.test']) http.get(url(host));
    }`;
  expect(await reached(text, hosts)).toEqual(TARGET_ONLY(1));
});

test('setup, batches and redirects cannot reach other addresses either', async () => {
  const text = `
    const url = (host) => 'http://' + host + ':' + __ENV.PORT + '/';
    export function setup() { http.post(url('127.0.0.2'), 'x'); }
    export default function () { http.batch([url('127.0.0.1') + 'away', url('127.0.0.2'), url('[::1]')]); }
    export function teardown() { http.get(url('[::1]')); }`;
  expect(await reached(text)).toEqual(TARGET_ONLY(1));
});

test('WebSocket and gRPC cannot reach other addresses either', async () => {
  const text = `
    import ws from 'k6/ws';
    import grpc from 'k6/net/grpc';
    import { WebSocket } from 'k6/websockets';
    export default function () {
      try { ws.connect('ws://127.0.0.2:' + __ENV.PORT + '/', () => {}); } catch (e) {}
      const other = new WebSocket('ws://[::1]:' + __ENV.PORT + '/');
      other.onerror = () => {};
      const client = new grpc.Client();
      try { client.connect('127.0.0.2:' + __ENV.PORT, { plaintext: true, timeout: '2s' }); } catch (e) {}
      http.get('http://127.0.0.1:' + __ENV.PORT + '/');
    }`;
  expect(await reached(text)).toEqual(TARGET_ONLY(1));
});
