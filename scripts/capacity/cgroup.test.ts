import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/sla.ts';
import { readCpuPeriods, throttledShare } from './cgroup.ts';

const stat = (periods: number, throttled: number) =>
  `usage_usec 12345\nnr_periods ${periods}\nnr_throttled ${throttled}\nthrottled_usec 99\n`;

test.each([
  ['version 2, limited by its pod', '0::/pod/container', { 'pod/cpu.stat': stat(100, 30) }, 100, 30],
  ['version 2, as a container sees itself', '0::/', { 'cpu.stat': stat(50, 5) }, 50, 5],
  ['version 1', '4:cpu,cpuacct:/x', { 'cpu/x/cpu.stat': stat(80, 8) }, 80, 8],
])('paused CPU periods are read correctly: %s', async (_, membership, files, periods, throttled) => {
  await using folder = await temporaryFolder();
  for (const [name, text] of Object.entries({ ...files, membership })) {
    const file = join(folder.path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  expect(readCpuPeriods(folder.path, join(folder.path, 'membership'))).toEqual({ periods, throttled });
});

test('without a CPU limit there are no periods, and the share is unknown', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'cpu.stat'), stat(0, 0));
  expect(readCpuPeriods(folder.path, join(folder.path, 'none'))).toBeNull();
  expect(throttledShare(null, { periods: 3, throttled: 1 })).toBeNull();
  expect(throttledShare({ periods: 3, throttled: 1 }, { periods: 13, throttled: 6 })).toBe(0.5);
});
