import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { usableCores } from './cores.ts';

const all = availableParallelism();

test.each<[string, string, Record<string, string>, number]>([
  ['without control groups', '', {}, all],
  ['v2 without a limit', '0::/', { 'cpu.max': 'max 100000\n' }, all],
  ['v2 with one core', '0::/', { 'cpu.max': '100000 100000\n' }, 1],
  ['v2 with half a core', '0::/', { 'cpu.max': '50000 100000\n' }, 1],
  ['v2 with more cores than the machine has', '0::/', { 'cpu.max': `${(all + 3) * 100000} 100000\n` }, all],
  ['v2 with one core, below the root', '0::/a/b\n', { 'a/b/cpu.max': '100000 100000\n' }, 1],
  [
    'v1 without a limit',
    '4:cpu:/',
    { 'cpu/cpu.cfs_quota_us': '-1\n', 'cpu/cpu.cfs_period_us': '100000\n' },
    all,
  ],
  [
    'v1 with one core, below the root',
    '3:cpuset:/\n4:cpu,cpuacct:/x\n',
    { 'cpu/x/cpu.cfs_quota_us': '150000\n', 'cpu/x/cpu.cfs_period_us': '100000\n' },
    1,
  ],
])('usable cores: %s', async (_name, membership, files, expected) => {
  const root = await mkdtemp(join(tmpdir(), 'cgroup-'));
  try {
    for (const [path, content] of Object.entries({ ...files, membership })) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
    expect(usableCores(root, join(root, 'membership'))).toBe(expected);
  } finally {
    await rm(root, { recursive: true });
  }
});
