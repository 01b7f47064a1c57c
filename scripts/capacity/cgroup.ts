import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How often the CPU limit of this process's control groups paused them. A service that we start is in the same groups. */
export interface CpuPeriods {
  readonly periods: number;
  readonly throttled: number;
}

/** Reads the group that was paused most; null if no group has a CPU limit. */
export function readCpuPeriods(
  root = '/sys/fs/cgroup',
  membershipFile = '/proc/self/cgroup',
): CpuPeriods | null {
  const found = foldersOf(root, readText(membershipFile)).flatMap((folder) => {
    const text = readText(join(folder, 'cpu.stat'));
    const periods = countIn(text, 'nr_periods');
    return periods === 0 ? [] : [{ periods, throttled: countIn(text, 'nr_throttled') }];
  });
  return found.toSorted((a, b) => b.throttled - a.throttled)[0] ?? null;
}

/** The share of the periods between two readings in which the group was paused; null: unknown. */
export function throttledShare(before: CpuPeriods | null, after: CpuPeriods | null): number | null {
  if (before === null || after === null || after.periods <= before.periods) return null;
  return Math.max(0, after.throttled - before.throttled) / (after.periods - before.periods);
}

/** The groups of this process and their parents, in either version of control groups. */
function foldersOf(root: string, membership: string): readonly string[] {
  const own = membership.split('\n').flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (controllers === '') return [join(root, path)];
    return controllers!.split(',').includes('cpu') ? [join(root, 'cpu', path)] : [];
  });
  return [...new Set([root, join(root, 'cpu'), ...own.flatMap((folder) => upTo(root, folder))])];
}

function upTo(root: string, folder: string): readonly string[] {
  const above = join(folder, '..');
  return folder === root || !folder.startsWith(root) ? [] : [folder, ...upTo(root, above)];
}

const countIn = (text: string, name: string) =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
