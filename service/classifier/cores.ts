import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * The cores that this process may use, by CPU affinity and by its container's CPU limit, at least 1. Node's own count
 * considers only the limit of cgroup v2. A limit of 1.5 cores counts as 1, because a second worker would be throttled half of
 * the time.
 */
export function usableCores(cgroupRoot = '/sys/fs/cgroup', membershipFile = '/proc/self/cgroup'): number {
  const limits = cgroupFolders(cgroupRoot, membershipFile).map(readLimitCores);
  return Math.max(1, Math.floor(Math.min(availableParallelism(), ...limits)));
}

/** Inside a container the root is the container's own group; outside, `/proc/self/cgroup` names our group below the root. */
function cgroupFolders(root: string, membershipFile: string): string[] {
  const lines = readText(membershipFile).split('\n');
  const ours = lines.map((line) => /^\d+:([^:]*):(.*)$/.exec(line)).filter((match) => match !== null);
  const folders = ours.flatMap(([, controllers, path]) => {
    if (controllers === '') return [join(root, path!)];
    return controllers!.split(',').includes('cpu') ? [join(root, 'cpu', path!)] : [];
  });
  return [root, join(root, 'cpu'), ...folders];
}

function readLimitCores(folder: string): number {
  const [quota2, period2] = readText(join(folder, 'cpu.max')).split(/\s/);
  const quota1 = readText(join(folder, 'cpu.cfs_quota_us'));
  const period1 = readText(join(folder, 'cpu.cfs_period_us'));
  return Math.min(limitOf(quota2, period2), limitOf(quota1, period1));
}

/** The limit in cores; infinite if there is none (a quota of `max` or `-1`), or if a file is missing. */
function limitOf(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota || Number.NaN) / Number(period || Number.NaN);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
