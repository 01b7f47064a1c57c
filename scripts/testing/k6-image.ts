import { execFile } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findEngine } from '../stack/containers/engine.ts';
import { resolveImage } from '../stack/containers/image-store.ts';
import { loadImages } from '../stack/kube-node/cluster.ts';
import { TOOL_SPECS } from '../tools/specs.ts';
import { ROOT, temporaryFolder } from './sla.ts';

/** Like the official image of k6: the program and a shell. It is built here from the pinned k6, and loaded into the cluster. */
const BUILD_LIMIT_MS = 5 * 60_000;

export async function loadK6Image(): Promise<string> {
  const tag = `sla-harness/k6-with-shell:${TOOL_SPECS.k6.package.version}`;
  const toolIo = { env: process.env, progress: () => {}, signal: new AbortController().signal };
  const base = await resolveImage('base', { engine: await findEngine(), root: ROOT, toolIo });
  await using folder = await temporaryFolder();
  await copyFile(process.env.K6_BIN!, join(folder.path, 'k6'));
  const lines = [`FROM ${base!.reference}`, 'COPY k6 /usr/bin/k6', 'USER 12345:12345', 'ENTRYPOINT ["k6"]'];
  await writeFile(join(folder.path, 'Dockerfile'), `${lines.join('\n')}\n`);
  await promisify(execFile)('docker', ['build', '-q', '-t', tag, folder.path], { timeout: BUILD_LIMIT_MS });
  await loadImages([tag], toolIo);
  return tag;
}
