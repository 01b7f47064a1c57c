import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';

/** A 1 MB disk in memory, to be filled. Requires the privilege to mount one. */

export function canMount(): boolean {
  const trial = 'mount -t tmpfs tmpfs /mnt && umount /mnt';
  return process.platform === 'linux' && spawnSync('unshare', ['-m', 'sh', '-c', trial]).status === 0;
}

/** Mounted at a folder that is created for it; unmounted when disposed of. */
export async function mountSmallDisk(folder: string): Promise<Disposable> {
  await mkdir(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]);
  return { [Symbol.dispose]: () => void execFileSync('umount', ['-l', folder]) };
}

/**
 * dd stops when the disk is full, and runs again to fill the space of deleted files. It runs inside the small disk,
 * so that it cannot fill another one.
 */
export function keepFull(disk: string): Disposable {
  const again =
    'while :; do dd if=/dev/zero of=filler oflag=append conv=notrunc bs=4k count=512; sleep 0.02; done';
  const filler = spawn('sh', ['-c', again], { cwd: disk, stdio: 'ignore' });
  return { [Symbol.dispose]: () => void filler.kill('SIGKILL') };
}
