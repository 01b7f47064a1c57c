import { execFile } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findEngine } from '../stack/containers/engine.ts';
import { resolveImage } from '../stack/containers/image-store.ts';
import { ROOT, temporaryFolder } from './sla.ts';

/** The container images of the gate, built as documented, on the base images that are available here. */

export const GATE_IMAGE = 'sla-harness/gate:test';
export const GATE_BUILD_MS = 15 * 60_000;

const build = (args: readonly string[]) =>
  promisify(execFile)('docker', ['build', ...args], { cwd: ROOT, timeout: GATE_BUILD_MS });

/** `docker build --target gate .` */
export async function buildGateImage(): Promise<void> {
  const toolIo = { env: process.env, progress: () => {}, signal: new AbortController().signal };
  const world = { engine: await findEngine(), root: ROOT, toolIo };
  const [base, k6] = [await resolveImage('base', world), await resolveImage('k6', world)];
  await build([
    ...['--target', 'gate', '-t', GATE_IMAGE, '--build-arg', `BASE_IMAGE=${base!.reference}`],
    ...['--build-arg', `K6_IMAGE=${k6!.reference}`, '.'],
  ]);
}

/** `docker build k8s/load`, with this kubectl in place of the official image. */
export async function buildGateWithKubectl(kubectl: string, tag: string): Promise<void> {
  await buildGateImage();
  await using folder = await temporaryFolder();
  await copyFile(kubectl, join(folder.path, 'kubectl'));
  await writeFile(join(folder.path, 'Dockerfile'), 'FROM scratch\nCOPY kubectl /bin/kubectl\n');
  const kubectlImage = 'sla-harness/kubectl:test';
  await build(['-q', '-t', kubectlImage, folder.path]);
  const images = [`GATE_IMAGE=${GATE_IMAGE}`, `KUBECTL_IMAGE=${kubectlImage}`];
  await build(['-t', tag, ...images.flatMap((one) => ['--build-arg', one]), join(ROOT, 'k8s', 'load')]);
}
