import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ROOT } from '../../testing/sla.ts';
import type { Engine } from './engine.ts';
import { buildService } from './service-image.ts';

/**
 * A container engine that supports only images and builds, with Docker's HTTP API. It records the requests and the closed
 * connections.
 */

const ofTestcontainers = createRequire(createRequire(import.meta.url).resolve('testcontainers'));
const Dockerode = ofTestcontainers('dockerode') as new (options: object) => Engine;

interface Build {
  readonly query: URLSearchParams;
  /** The names of the files in the received build context. */
  readonly files: readonly string[];
  /** Resolves when the client has closed the connection. */
  readonly hungUp: Promise<unknown>;
}

interface FakeEngine extends AsyncDisposable {
  readonly engine: Engine;
  /** Resolves when the build context has arrived. */
  readonly asked: Promise<Build>;
}

async function startEngine(answer: (response: ServerResponse) => void): Promise<FakeEngine> {
  const { promise: asked, resolve } = Promise.withResolvers<Build>();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://engine');
    if (!pathname.endsWith('/build')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ Id: `sha256:${'0'.repeat(64)}`, RepoDigests: [] }));
      return;
    }
    const files = await filesIn(request);
    const hungUp = once(response, 'close');
    answer(response);
    resolve({ query: searchParams, files, hungUp });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    engine: new Dockerode({ protocol: 'http', host: '127.0.0.1', port }),
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function filesIn(request: IncomingMessage): Promise<readonly string[]> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const { stdout } = spawnSync('tar', ['-tzf', '-'], { input: Buffer.concat(parts), encoding: 'utf8' });
  return stdout.trim().split('\n');
}

const line = (told: object) => `${JSON.stringify(told)}\r\n`;

const worldOf = (engine: Engine, signal?: AbortSignal) => ({
  engine,
  root: ROOT,
  toolIo: { env: {}, progress: () => {}, ...(signal === undefined ? {} : { signal }) } as never,
});

test('the build context contains the files that the Dockerfile copies, without those that .dockerignore excludes, and the image gets its tag', async () => {
  await using fake = await startEngine((response) => response.end(line({ stream: 'Step 1/9' })));
  const image = await buildService(worldOf(fake.engine));
  const { query, files } = await fake.asked;
  expect(image).toMatchObject({ reference: 'sla-harness/service:offline', source: 'built here' });
  expect(query.get('t')).toBe(image.reference);
  expect(query.get('target')).toBe('service');
  expect(query.get('forcerm')).toMatch(/^(1|true)$/);
  expect(JSON.parse(query.get('buildargs')!)).toEqual({ BASE_IMAGE: expect.stringContaining('node') });
  expect(query.has('abortSignal')).toBe(false);
  expect(files).toEqual(expect.arrayContaining(['Dockerfile', 'package-lock.json', 'service/server.ts']));
  expect(files.filter((file) => /\.test\.ts$|service\/testing|node_modules/.test(file))).toEqual([]);
});

test.each<[string, Parameters<typeof startEngine>[0]]>([
  ['during the build', (response) => void response.write(line({ stream: 'Step 1/9' }))],
  ['before the engine has responded', () => {}],
])(
  'an interrupt %s closes the connection, which makes the engine cancel the build',
  async (_when, answer) => {
    await using fake = await startEngine(answer);
    const interrupt = new AbortController();
    const building = buildService(worldOf(fake.engine, interrupt.signal));
    building.catch(() => {});
    const { hungUp } = await fake.asked;
    interrupt.abort(new Error('interrupted'));
    await expect(building).rejects.toThrow('interrupted');
    await hungUp;
  },
);

test('a failed build reports its reason, and an earlier image is not used instead', async () => {
  await using fake = await startEngine((response) =>
    response.end(line({ stream: 'Step 5/9' }) + line({ error: 'npm ci returned a non-zero code: 1' })),
  );
  await expect(buildService(worldOf(fake.engine))).rejects.toMatchObject({
    code: 'no-image',
    message: 'the service image could not be built: npm ci returned a non-zero code: 1',
  });
});
