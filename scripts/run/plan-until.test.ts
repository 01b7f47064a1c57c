import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SHIPPED_YAML } from '../../slas/testing/cases.ts';
import { slaHere, temporaryFolder } from '../testing/sla.ts';

/** Tests a scenario with `until: decided`, which has the same effect as --until-decided. Options override it. */

const UNTIL = SHIPPED_YAML.replace(
  '    rate: 20/s\n    duration: 20s\n',
  '    rate: 20/s\n    until: decided\n    maxDuration: 10m\n    atLeast: 2m\n',
);

async function withDocument(...args: string[]) {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'my.yaml'), UNTIL);
  return await slaHere([...args, '--sla', 'my.yaml', '--scenario', 'smoke'], folder.path);
}

test('the plan lists the looks, estimates how long runs take, and proposes a maximum duration', async () => {
  const { code, stdout } = await withDocument('plan');
  expect(code).toBe(0);
  expect(stdout).toContain(
    '12,000 requests in 600 s · until decided at 95% confidence, interim looks after 68, 101,',
  );
  expect(stdout).toContain('met after 120 s at the earliest');
  expect(stdout).toMatch(/latency-p99 +342 s +600 s/);
  // The proposal depends on the design effects of the runs that are stored on this machine.
  expect(stdout).toMatch(/Suggested: --max-duration \d+m|not decided within 4 h/);
  const { sequential, decisions } = JSON.parse((await withDocument('plan', '--json')).stdout);
  expect(sequential).toMatchObject({ maxSeconds: 600, atLeastSeconds: 120 });
  expect(decisions.times.map(({ id }: { id: string }) => id)).toEqual([
    'latency-p95',
    'latency-p99',
    'error-rate',
  ]);
});

test('--max-duration and --duration replace the maximum duration', async () => {
  expect((await withDocument('plan', '--max-duration', '5m')).stdout).toContain('6,000 requests in 300 s');
  expect((await withDocument('plan', '--duration', '4m')).stdout).toContain('4,800 requests in 240 s');
  expect((await withDocument('plan', '--max-duration', '5m', '--duration', '4m')).stderr).toContain(
    'leave out --duration or --max-duration',
  );
});

test('--no-until-decided plans the whole duration, at the confidence of the document', async () => {
  const { code, stdout } = await withDocument('plan', '--no-until-decided');
  expect(code).toBe(0);
  expect(stdout).toContain('12,000 requests in 600 s');
  expect(stdout).not.toMatch(/until decided|Suggested/);
});

test('the option to run the whole load is rejected', async () => {
  expect((await withDocument('gate', '--no-abort')).stderr).toContain(
    'a run that lasts until it is decided always stops early: leave out --no-abort',
  );
});

test('a script that plans its own load is refused before anything is started', async () => {
  const { code, stderr } = await slaHere(['gate', '--script', 'load.js', '--until-decided']);
  expect(stderr).toContain('a run that lasts until it is decided needs a scenario: leave one of the two out');
  expect(code).toBe(2);
});
