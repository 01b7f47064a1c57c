import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testing/sla.ts';
import { kubectlOf } from './kubectl.ts';
import { forwardLastingly } from './lasting-forward.ts';

/**
 * If a forwarded connection ends, it is opened again at the same address within a time limit. The server behind it must
 * respond.
 */

const { signal } = new AbortController();

/** The server behind a forwarded port, and a replacement for kubectl that claims to forward that port. */
async function stage() {
  const folder = await temporaryFolder();
  const server = createServer((_, response) => response.writeHead(401).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const [program, refusing] = [join(folder.path, 'kubectl'), join(folder.path, 'refusing')];
  const pids = join(folder.path, 'pids');
  await writeFile(
    program,
    `#!/bin/sh
[ -e ${refusing} ] && { echo 'error: pod not found' >&2; exit 1; }
echo "$$ $*" >>${pids}
echo 'Forwarding from 127.0.0.1:${port} -> 9090'
exec sleep 60
`,
  );
  await chmod(program, 0o755);
  const lines: string[] = [];
  const kubectl = kubectlOf({ env: { PATH: process.env.PATH, KUBECTL_BIN: program } });
  const target = { namespace: 'a', service: 'prometheus', port: 9090 };
  const lasting = await forwardLastingly(kubectl, target, (line) => lines.push(line), signal);
  const started = async () => (await readFile(pids, 'utf8')).trim().split('\n');
  return {
    ...{ lasting, lines, port, server, started },
    kill: async () => process.kill(Number((await started()).at(-1)!.split(' ')[0]), 'SIGKILL'),
    refuse: () => writeFile(refusing, ''),
    [Symbol.asyncDispose]: async () => {
      await lasting[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test('a connection that ended is opened again at the same port', async () => {
  await using on = await stage();
  expect(await on.lasting.untilOpen(1_000)).toBe(true);
  await on.kill();
  await expect.poll(() => on.lines.length, { timeout: 5_000 }).toBe(1);
  expect(on.lines).toEqual(['the connection to Prometheus (kubectl port-forward) ended: connecting again']);
  expect(await on.lasting.untilOpen(10_000)).toBe(true);
  const [first, second] = await on.started();
  expect(first).toContain(' :9090');
  expect(second).toContain(` ${on.port}:9090`);
});

test('a connection that cannot be reopened within the limit is reported as closed', async () => {
  await using on = await stage();
  await on.refuse();
  await on.kill();
  await expect.poll(() => on.lines.length, { timeout: 5_000 }).toBe(1);
  const beganMs = Date.now();
  expect(await on.lasting.untilOpen(1_500)).toBe(false);
  expect(Date.now() - beganMs).toBeLessThan(10_000);
});

test('a connection that kubectl considers open, but whose server does not respond, is opened again', async () => {
  await using on = await stage();
  on.server.closeAllConnections();
  await new Promise((resolve) => on.server.close(resolve));
  const opening = on.lasting.untilOpen(10_000);
  await expect.poll(async () => (await on.started()).length, { timeout: 8_000 }).toBeGreaterThan(1);
  await new Promise<void>((resolve) => on.server.listen(on.port, '127.0.0.1', resolve));
  expect(await opening).toBe(true);
});
