import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { findEngine } from '../stack/containers/engine.ts';
import { resolveImage } from '../stack/containers/image-store.ts';
import { IMAGES } from '../stack/images.ts';
import { openShopStage, SHOP_DOCUMENT, SHOP_SCRIPT } from '../testing/shop-stage.ts';
import { type Done, ROOT } from '../testing/sla.ts';
import { expectVerdict } from '../testing/verdict.ts';

/** The container image of the gate: `docker build --target gate .`, run on a service and a Prometheus of this machine. */

const IMAGE = 'sla-harness/gate:test';
const BUILD_MS = 15 * 60_000;

test('the Dockerfile has the images that the harness uses', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  expect(dockerfile).toContain(`ARG BASE_IMAGE=${IMAGES.base}\n`);
  expect(dockerfile).toContain(`ARG K6_IMAGE=${IMAGES.k6}\n`);
});

const docker = (...args: string[]) => promisify(execFile)('docker', args, { cwd: ROOT, timeout: BUILD_MS });

/** The image with a project mounted, on the network of this machine, with nothing writable but the project. */
const gate = (project: string, ...args: string[]): Promise<Done> =>
  docker(
    ...['run', '--rm', '--network', 'host', '--read-only', '--tmpfs', '/tmp', '-v', `${project}:/work`],
    ...[IMAGE, ...args],
  ).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Done) => error,
  );

describe.skipIf(process.env.SLA_SKIP_CONTAINERS === '1')('the image of the gate', () => {
  test('loads and judges a service of this machine, as an unprivileged user on a read-only file system', {
    timeout: BUILD_MS,
  }, async () => {
    const world = {
      engine: await findEngine(),
      root: ROOT,
      toolIo: { env: process.env, progress: () => {}, signal: new AbortController().signal },
    };
    const [base, k6] = [await resolveImage('base', world), await resolveImage('k6', world)];
    await docker(
      ...['build', '--target', 'gate', '-t', IMAGE, '--build-arg', `BASE_IMAGE=${base!.reference}`],
      ...['--build-arg', `K6_IMAGE=${k6!.reference}`, '.'],
    );
    await using stage = await openShopStage();
    const { folder, shop, prometheusUrl } = stage;
    const project = join(folder.path, 'project');
    await mkdir(project);
    // The user of the image has no name here.
    await chmod(folder.path, 0o755);
    await chmod(project, 0o777);
    await writeFile(join(project, 'shop.yaml'), SHOP_DOCUMENT);
    await writeFile(join(project, 'shop.js'), SHOP_SCRIPT);
    expect(await gate(project, 'check', 'shop.yaml')).toMatchObject({
      code: 0,
      stdout: 'shop.yaml: ok, 2 objectives, 0 scenarios\n',
    });
    const where = ['--target', shop.url, '--prometheus', prometheusUrl];
    const done = await gate(project, 'gate', '--script', 'shop.js', '--sla', 'shop.yaml', '--json', ...where);
    expectVerdict(done, ({ verdict, summary }) =>
      expect([done.code, verdict], JSON.stringify(summary) + done.stderr).toEqual([0, 'pass']),
    );
    expect(await readFile(join(project, 'runs', 'latest', 'verdict.json'), 'utf8')).toBe(done.stdout);
  });
});
