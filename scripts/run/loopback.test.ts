import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { sla } from '../testing/sla.ts';
import { withoutProxyHere } from './loopback.ts';

test('this machine is never accessed through a proxy, in addition to the exceptions in the environment', () => {
  const { NO_PROXY, no_proxy } = withoutProxyHere({ NO_PROXY: 'a.example, .b.example' }, []);
  expect(NO_PROXY).toBe('a.example,.b.example,localhost,127.0.0.1,[::1],::1,0.0.0.0');
  expect(no_proxy).toBe(NO_PROXY);
});

test.each([['--prometheus', 'http://127.0.0.5:9090/'], ['--prometheus=https://me:secret@127.0.0.5']])(
  'other addresses of this machine, when listed: %s %s',
  (...argv) => {
    expect(withoutProxyHere({}, argv).no_proxy).toMatch(/,127\.0\.0\.5$/);
  },
);

test.each(['http://prometheus.example', 'http://127.0.0.5.example'])(
  '%s may be accessed through a proxy',
  (url) => {
    expect(withoutProxyHere({}, [url]).NO_PROXY).toBe('localhost,127.0.0.1,[::1],::1,0.0.0.0');
  },
);

test('without a proxy, the environment stays unchanged', () => {
  expect(withoutProxyHere({ no_proxy: '*' }, []).NO_PROXY).toBe('*');
});

const listen = async (server: Server, host: string) => {
  server.listen(0, host);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, [Symbol.dispose]: () => void server.close() };
};

test.each(['127.0.0.1', '127.0.0.5'])(
  'a Prometheus at %s is queried directly, even if Node uses a proxy',
  async (host) => {
    let asked = 0;
    const empty = '{"status":"success","data":{"resultType":"matrix","result":[]}}';
    using prometheus = await listen(
      createServer((_request, response) => {
        asked++;
        response.end(empty);
      }),
      host,
    );
    let proxied = 0;
    const proxy = createServer((_request, response) => {
      proxied++;
      response.end(empty);
    });
    proxy.on('connect', (_request, socket) => {
      proxied++;
      socket.destroy();
    });
    using front = await listen(proxy, '127.0.0.1');
    const url = `http://127.0.0.1:${front.port}`;
    const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: url, http_proxy: url, NO_PROXY: '', no_proxy: '' };
    const window = ['--from', '2026-01-01T00:00:00Z', '--to', '2026-01-01T00:01:00Z'];
    const done = await sla(['verify', '--prometheus', `http://${host}:${prometheus.port}`, ...window], {
      env,
    });
    expect(done.code, done.stderr).toBe(3);
    expect(proxied).toBe(0);
    expect(asked).toBeGreaterThan(0);
  },
);
