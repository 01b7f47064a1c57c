import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildPackage } from './build.ts';

const NPM_LIMIT_MS = 2 * 60_000;

/** Builds the package into `out/package` and packs it. Resolves to the path of the archive. */
export async function packPackage(root: string, out: string, signal?: AbortSignal): Promise<string> {
  const folder = join(out, 'package');
  await buildPackage({ root, tsc: join(root, 'node_modules', '.bin', 'tsc'), folder });
  const args = ['pack', folder, '--pack-destination', out, '--json', '--ignore-scripts'];
  const { stdout } = await promisify(execFile)('npm', args, {
    cwd: out,
    timeout: NPM_LIMIT_MS,
    ...(signal === undefined ? {} : { signal }),
  });
  const packed = JSON.parse(stdout) as unknown;
  const [one] = Array.isArray(packed) ? packed : Object.values(packed as object);
  return join(out, (one as { filename: string }).filename);
}
