import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeWhole } from '../run/disk.ts';
import { toJson } from '../runs/bundle.ts';
import { slaHere, temporaryFolder } from '../testing/sla.ts';
import { CAPACITY_FILES } from './storage.ts';
import { recordOf } from './test-record.ts';

/** Invalid options of ./sla capacity: nothing is started, and each message names the value, the place and the next step. */

test.each([
  [
    ['--target-rate', 'fast'],
    '--target-rate: "fast" is not a valid rate (0.01/s to 10000/s): write it as 400',
  ],
  [
    ['--headroom', '30%'],
    '--headroom: headroom applies to a target rate, a weekly peak or a history: add --target-rate',
  ],
  [
    ['--weekly-peak', 'high'],
    '--weekly-peak: "high" is not a valid rate (0.01/s to 10000/s): write it as 250',
  ],
  [['--history', 'metrics'], `--history: "metrics" is not the URL of a store with Prometheus's HTTP API`],
  [['--history-weeks', '9'], '--history-weeks: it applies only to --history: add --history URL'],
  [
    ['--history', 'http://127.0.0.1:1', '--history-weeks', '99'],
    '--history-weeks: "99" is not a number of weeks (1 to 52): write it as 26',
  ],
  [
    ['--history', 'http://127.0.0.1:1'],
    '--history: the history cannot be read: http://127.0.0.1:1/ did not ',
  ],
  [
    ['--history', 'http://127.0.0.1:1'],
    '; check the address, and that this machine reaches the store, or leave out',
  ],
  [
    ['--exclude-history', '2026-11-20T10:00:00Z/2026-11-20T11:00:00Z'],
    '--exclude-history: it excludes part of a history: add --history URL',
  ],
  ...['yesterday', '2026-11-20T10:00:00Z/2026-11-20T09:00:00Z', '1/2/3', '7'].map(
    (period): [string[], string] => [
      ['--history', 'http://127.0.0.1:1', '--exclude-history', '5/9', '--exclude-history', period],
      `--exclude-history: "${period}" is not a period: write it as 2026-11-20T10:00:00Z/2026-11-20T11:30:00Z`,
    ],
  ),
  [['--target-rate', '400', '--headroom', '30'], '--headroom: "30" is not a valid headroom (0% to 90%)'],
  [['--target-rate', '400', '--headroom', '95%'], '"95%" is not a valid headroom'],
  [['--budget', '1m'], '--budget: "1m" is not a valid time budget (3m to 24h; a hold alone takes 2 minutes)'],
  [['--budget', 'soon'], '--budget: "soon" is not a valid time budget'],
  [['--hold', '1m'], '--hold: "1m" is not a valid duration for a hold (2m to 4h): write it as 5m'],
  [
    ['--hold', '20m'],
    '--budget: the default budget of 15 minutes is too short for holds of 20 minutes: write at least 21m, or better 100m',
  ],
  [
    ['--hold', '20m', '--budget', '20m'],
    '--budget: "20m" is not a valid time budget (21m to 24h; a hold alone takes 20 minutes): write it as 100m',
  ],
  [
    ['--workers', '1,2', '--hold', '5m', '--budget', '10m'],
    '--budget: 2 searches share the budget, and each needs 6m: write at least 12m',
  ],
  [
    ['--workers', '1,2,3,4,5,6,7', '--hold', '10m', '--budget', '5m'],
    '(11m to 24h; a hold alone takes 10 minutes): write it as 77m',
  ],
  [
    ['--workers', '1,2,3,4,5,6,7,8', '--hold', '4h', '--budget', '24h'],
    '--hold: 8 searches with holds of 240 minutes take longer than the longest budget (24h): write it as 179m or less',
  ],
  [['--resume', 'x', '--hold', '5m'], '--hold: a resumed search keeps the options'],
  [['--max-rate', '-1'], '--max-rate: "-1" is not a valid rate'],
  [
    ['--max-rate', '10'],
    '--max-rate: 10/s is the highest rate that may be sent, and at that rate throughput',
  ],
  [['--script', 'test.js'], 'test.js: the load script cannot be read: there is no such file'],
  [
    ['--script', 'test.tar'],
    '--script: test.tar is an archive, and the load of an archive cannot be changed',
  ],
  [
    ['--script', 'test.js', '--scenario', 'smoke'],
    '--scenario: a search uses either a scenario or a script: leave out --scenario or --script',
  ],
  [['--scenario', 'nope'], '--scenario: there is no scenario "nope": choose one of smoke, steady'],
  [['--scenario', 'stress'], 'scenario "stress" has 4 phases, and a search sends one rate at a time'],
  [['--generators', '0'], '--generators: "0" is not a valid number of load generators'],
  [['--target', 'http://127.0.0.1:1'], '--prometheus: a service that is already running needs both'],
  [
    ['--target', 'http://10.0.0.1', '--prometheus', 'http://127.0.0.1:1'],
    'is not allowed: load is sent to this machine only',
  ],
  [
    ['--workers', '0'],
    '--workers: "0" is not a list of worker counts (1 to 256, each once): write it as 1,2',
  ],
  [['--workers', '1,1'], '--workers: "1,1" is not a list'],
  [
    ['--workers', '1,2', '--target', 'http://127.0.0.1:1', '--prometheus', 'http://127.0.0.1:2'],
    '--workers: the number of workers can be set only for a service that the harness starts',
  ],
  [
    ['--replicas', '1,0'],
    '--replicas: "1,0" is not a list of replica counts (1 to 16, each once): write it as 1,2',
  ],
  [['--replicas', '17'], '--replicas: "17" is not a list'],
  [
    ['--replicas', '1,2', '--target', 'http://127.0.0.1:1', '--prometheus', 'http://127.0.0.1:2'],
    '--replicas: the harness can start replicas only of the service that it starts itself: leave out --target, or name the Deployment to scale with --deployment NAMESPACE/NAME',
  ],
  [
    ['--replicas', '1,2', '--script', 'test.js'],
    '--replicas: a script of your own sends to a single address',
  ],
  [
    ['--deployment', 'shop/checkout'],
    '--deployment: it needs the numbers of replicas to scale to: add --replicas 1,2',
  ],
  [
    ['--deployment', 'shop/checkout', '--replicas', '1,2'],
    '--deployment: a service in a cluster also needs an address: add --target URL and --prometheus URL',
  ],
  [
    [
      '--deployment',
      'checkout',
      '--replicas',
      '1',
      '--target',
      'http://127.0.0.1:1',
      '--prometheus',
      'http://127.0.0.1:2',
    ],
    '--deployment: "checkout" does not name a Deployment: write NAMESPACE/NAME',
  ],
  [['--context', 'prod'], '--context: it is needed only to scale a Deployment'],
  [['--replicas', '1,2', '--workers', '1'], '--replicas: a search varies only one thing'],
  [['--by', 'replicas=1,2'], 'does not name a parameter of the load script'],
  [['--resume', 'x', '--replicas', '2'], '--replicas: a resumed search keeps the options'],
  [['--by', '8,32'], '--by: "8,32" does not name a parameter of the load script'],
  [['--by', 'NODE_OPTIONS=1,2'], 'does not name a parameter of the load script'],
  [['--by', 'BATCH_SIZE=8'], '--by: "BATCH_SIZE=8" needs 2 to 8 different values'],
  [['--by', 'A=1,2', '--workers', '1'], '--by: a search varies only one thing'],
  [
    ['--by', 'A=1,2', '--budget', '5m'],
    '--budget: 2 searches share the budget, and each needs 3m: write at least 6m',
  ],
  [['--resume', 'nope'], '--resume: nope is not the folder of a search'],
  [['--resume', 'x', '--max-rate', '5'], '--max-rate: a resumed search keeps the options'],
  [['--resume', 'x', '--target-rate', '5'], '--target-rate: a resumed search keeps the options'],
])('%j', async (args, message) => {
  const { code, stderr } = await slaHere(['capacity', ...args]);
  expect(stderr).toContain(message);
  expect(code).toBe(2);
});

test('a search cannot be resumed if its document has changed, or if its record is damaged or of another version', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, CAPACITY_FILES.record);
  await writeWhole(file, toJson(recordOf()));
  const changed = await slaHere(['capacity', '--resume', folder.path]);
  expect(changed.stderr).toContain('the SLA document has changed since this search began');
  await writeWhole(file, toJson({ ...recordOf(), schema: 'sla-harness/capacity/v9' }));
  const other = await slaHere(['capacity', '--resume', folder.path]);
  expect(other.stderr).toContain('was altered, or was not written by this version');
  const { settings, steps } = recordOf();
  const hardest = { budget: 0.01, independent: null };
  const near = { used: 0.5, budget: 0.05, independent: 100, seconds: 60, hardest };
  for (const damaged of [
    { steps: [{ ...steps[0], ratePerSecond: null }] },
    { steps: [{ ...steps[0], ratePerSecond: 0 }] },
    { steps: [{ ...steps[0], near }] },
    { settings: { ...settings, confidence: 1 } },
    { settings: { ...settings, stepSeconds: { ...settings.stepSeconds, climb: '20' } } },
  ]) {
    await writeWhole(file, toJson({ ...recordOf(), ...damaged }));
    const { code, stderr } = await slaHere(['capacity', '--resume', folder.path]);
    expect(stderr, JSON.stringify(damaged)).toContain('was altered');
    expect(code).toBe(2);
  }
  expect([changed.code, other.code]).toEqual([2, 2]);
});
