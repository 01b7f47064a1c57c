import { copyFile, cp, mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { HarnessError } from '../../cli/errors.ts';
import { describeResult, runCommand } from '../../tools/command.ts';
import type { ToolIo } from '../../tools/types.ts';
import { type ImportWorld, importFolder } from './import-folder.ts';

/**
 * Builds a Debian image with Node.js and npm, similar to the official Node.js image. It replaces the base image of the
 * Dockerfile if that cannot be pulled.
 */
export const BASE_TAG = `sla-harness/offline-base:bookworm-node${process.versions.node}`;

const CERTIFICATES = '/usr/local/share/ca-certificates/extra.pem';
const DEBOOTSTRAP_LIMIT_MS = 10 * 60_000;

/** Throws HarnessError `no-debootstrap` or `no-image`. */
export async function buildBase(world: ImportWorld): Promise<void> {
  const { toolIo } = world;
  const parent = await mkdtemp(join(tmpdir(), 'sla-base-'));
  try {
    const folder = join(parent, 'root');
    toolIo.progress('creating a Debian base image with debootstrap');
    await debootstrap(folder, toolIo);
    await addNode(folder, toolIo);
    const certificates = toolIo.env.NODE_EXTRA_CA_CERTS;
    if (certificates) {
      // If this machine needs these variables to reach a registry, npm also needs them during the build.
      await mkdir(join(folder, CERTIFICATES, '..'), { recursive: true });
      await copyFile(certificates, join(folder, CERTIFICATES));
    }
    const changes = [
      'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...(certificates ? [`ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`] : []),
      'CMD ["node"]',
    ];
    await importFolder(folder, { tag: BASE_TAG, changes }, world);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function debootstrap(folder: string, toolIo: ToolIo): Promise<void> {
  const args = ['--variant=minbase', 'bookworm', folder];
  const result = await runCommand('debootstrap', args, { ...toolIo, limitMs: DEBOOTSTRAP_LIMIT_MS });
  if (result.kind === 'exited' && result.exitCode === 0) return;
  throw new HarnessError(
    'no-debootstrap',
    `the Debian base image could not be created: ${describeResult(result)}`,
    {
      nextStep:
        'as root, apt-get install debootstrap; or docker load an image of Node, and name it in scripts/stack/images.ts',
    },
  );
}

/** The Node.js that runs this process, and the npm on PATH. */
async function addNode(folder: string, { env }: ToolIo): Promise<void> {
  const local = join(folder, 'usr', 'local');
  const npm = await npmFolder(env.PATH ?? '');
  await cp(npm, join(local, 'lib', 'node_modules', 'npm'), { recursive: true, verbatimSymlinks: true });
  await copyFile(process.execPath, join(local, 'bin', 'node'));
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm'));
}

/** npm derives its own location from the Node.js that runs it, which may not be the one that npm was installed with. */
async function npmFolder(path: string): Promise<string> {
  for (const folder of path.split(delimiter)) {
    const cli = await realpath(join(folder, 'npm')).catch(() => '');
    if (basename(cli) === 'npm-cli.js') return dirname(dirname(cli));
  }
  throw new HarnessError('no-npm', 'the files of npm were not found on PATH', {
    nextStep: 'put npm on PATH',
  });
}
