import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Debian's Prometheus, which is version 2. It is unpacked next to the other tools, not installed, so that nothing else finds
 * it.
 */

const MAX_MS = 120_000;
const run = (file: string, args: readonly string[], cwd: string) =>
  promisify(execFile)(file, args, { cwd, timeout: MAX_MS });

export interface Prometheus2 {
  readonly prometheus: string;
  readonly promtool: string;
}

export async function debianPrometheus(): Promise<Prometheus2> {
  const folder = join(homedir(), '.cache', 'sla-harness', 'tools', 'debian-prometheus');
  const bin = join(folder, 'usr', 'bin');
  const found = { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') };
  if (await isThere(found.prometheus)) return found;
  await unpack(folder);
  return found;
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** apt drops its privileges by default, and could not write to a folder that only root may read. */
const download = (folder: string) =>
  run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', '-q', 'prometheus'], folder);

async function unpack(folder: string): Promise<void> {
  const temporary = await mkdtemp(join(dirname(folder), '.debian-prometheus-'));
  try {
    await download(temporary).catch(async () => {
      // A fresh machine has no package lists yet.
      await run('apt-get', ['update', '-q'], temporary);
      await download(temporary);
    });
    const archive = (await readdir(temporary)).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get downloaded no package');
    await run('dpkg-deb', ['-x', archive, 'whole'], temporary);
    await rename(join(temporary, 'whole'), folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
