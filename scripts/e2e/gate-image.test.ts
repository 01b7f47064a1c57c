import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { IMAGES } from '../stack/images.ts';
import { buildGateImage, GATE_BUILD_MS, GATE_IMAGE } from '../testing/gate-image.ts';
import { openShopStage, SHOP_DOCUMENT, SHOP_SCRIPT } from '../testing/shop-stage.ts';
import { type Done, ROOT } from '../testing/sla.ts';
import { expectVerdict } from '../testing/verdict.ts';

/** The container image of the gate: `docker build --target gate .`, run on a service and a Prometheus of this machine. */

test('the Dockerfile has the images that the harness uses', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  expect(dockerfile).toContain(`ARG BASE_IMAGE=${IMAGES.base}\n`);
  expect(dockerfile).toContain(`ARG K6_IMAGE=${IMAGES.k6}\n`);
});

const docker = (...args: string[]) =>
  promisify(execFile)('docker', args, { cwd: ROOT, timeout: GATE_BUILD_MS });

/** Runs the image with a project mounted, on the network of this machine. Only the project is writable. */
const gate = (project: string, ...args: string[]): Promise<Done> =>
  docker(
    ...['run', '--rm', '--network', 'host', '--read-only', '--tmpfs', '/tmp', '-v', `${project}:/work`],
    ...[GATE_IMAGE, ...args],
  ).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Done) => error,
  );

describe.skipIf(process.env.SLA_SKIP_CONTAINERS === '1')('the image of the gate', () => {
  test('loads and judges a service of this machine, as an unprivileged user on a read-only file system', {
    timeout: GATE_BUILD_MS,
  }, async () => {
    await buildGateImage();
    await using stage = await openShopStage();
    const { folder, shop, prometheusUrl } = stage;
    const project = join(folder.path, 'project');
    await mkdir(project);
    // The image's user has no name on this machine.
    await chmod(folder.path, 0o755);
    await chmod(project, 0o777);
    await writeFile(join(project, 'shop.yaml'), SHOP_DOCUMENT);
    await writeFile(join(project, 'shop.js'), SHOP_SCRIPT);
    expect(await gate(project, 'check', 'shop.yaml')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^shop.yaml: ok, 2 objectives, 0 scenarios\n/),
    });
    const where = ['--target', shop.url, '--prometheus', prometheusUrl];
    const done = await gate(project, 'gate', '--script', 'shop.js', '--sla', 'shop.yaml', '--json', ...where);
    expectVerdict(done, ({ verdict, summary }) =>
      expect([done.code, verdict], JSON.stringify(summary) + done.stderr).toEqual([0, 'pass']),
    );
    expect(await readFile(join(project, 'runs', 'latest', 'verdict.json'), 'utf8')).toBe(done.stdout);
  });
});
