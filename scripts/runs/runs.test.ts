import { existsSync } from 'node:fs';
import { mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { slaHere, temporaryFolder } from '../testing/sla.ts';
import type { ListedRun } from './run-folders.ts';
import { seal } from './seal.ts';

/** Creates run folders with the files that listing and deleting need. */

interface Made {
  readonly verdict?: string;
  readonly scenario?: string;
  readonly sealed?: boolean;
}

async function makeRun(
  parent: string,
  id: string,
  { verdict, scenario = 'steady', sealed = true }: Made = {},
): Promise<void> {
  const path = join(parent, id);
  await mkdir(join(path, 'logs'), { recursive: true });
  const objectives = [
    { id: 'errors', measure: { kind: 'ratio' } },
    { id: 'slow', measure: { kind: 'latency', percentile: 95 } },
  ];
  await writeFile(join(path, 'plan.json'), JSON.stringify({ sla: { scenario }, objectives }));
  if (verdict !== undefined) {
    const judged = [
      { id: 'errors', value: 0, samples: 1510 },
      { id: 'slow', value: 0.0234, samples: 1501 },
    ];
    await writeFile(join(path, 'verdict.json'), JSON.stringify({ verdict, objectives: judged }));
  }
  if (sealed) await seal(path);
}

const id = (day: number, suffix = '00aa') =>
  `2021-11-${String(day).padStart(2, '0')}T05-31-02Z-steady-${suffix}`;
const names = async (parent: string) => (await readdir(parent)).sort();

describe('the list of runs', () => {
  test('is sorted from newest to oldest, with the important fields; folders that are not runs are left out', async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    await makeRun(path, id(1), { verdict: 'fail' });
    await makeRun(path, id(3), { sealed: false });
    await makeRun(path, id(2), { verdict: 'pass' });
    await makeRun(path, id(4));
    await mkdir(join(path, id(5)));
    await mkdir(join(path, 'notes'));
    await symlink(id(4), join(path, 'latest'));
    await symlink(id(1), join(path, id(6)));

    const listed = await slaHere(['runs', 'list', '--out', path, '--json']);
    const runs = JSON.parse(listed.stdout) as ListedRun[];
    expect(runs.map((run) => run.id)).toEqual([id(4), id(3), id(2), id(1)]);
    expect(runs[2]).toEqual({
      id: id(2),
      scenario: 'steady',
      verdict: 'pass',
      startedAt: '2021-11-02T05:31:02Z',
      latency: { percentile: 95, seconds: 0.0234, limitSeconds: null },
      samples: 1501,
      sealed: true,
    });
    const { stdout, code } = await slaHere(['runs', 'list', '--out', path]);
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(1))).toEqual([
      ['scenario', 'verdict', 'when', 'latency', 'samples'],
      ['steady', 'not judged', '2021-11-04T05:31:02Z', '–', '–'],
      ['steady', 'unfinished', '2021-11-03T05:31:02Z', '–', '–'],
      ['steady', 'pass', '2021-11-02T05:31:02Z', 'p95 23.4 ms', '1,501'],
      ['steady', 'fail', '2021-11-01T05:31:02Z', 'p95 23.4 ms', '1,501'],
      [],
    ]);
    expect(code).toBe(0);
  });

  test('shows all requests of a run judged in phases, and no latency of a single phase', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, id(1));
    await makeRun(folder.path, id(1), { sealed: false });
    const measure = { kind: 'latency', percentile: 95 };
    const plan = { sla: { scenario: 'stress' }, objectives: [{ id: 'slow · half', phase: 'half', measure }] };
    const objectives = [
      { id: 'slow · half', value: 0.02, samples: 564 },
      { id: 'errors', value: 0, samples: 5577 },
    ];
    await writeFile(join(path, 'plan.json'), JSON.stringify(plan));
    await writeFile(join(path, 'verdict.json'), JSON.stringify({ verdict: 'pass', objectives }));
    const { stdout } = await slaHere(['runs', 'list', '--out', folder.path, '--json']);
    expect(JSON.parse(stdout)[0]).toMatchObject({ latency: null, samples: 5577 });
  });

  test('shows the first latency objective of each document', async () => {
    await using folder = await temporaryFolder();
    await makeRun(folder.path, id(1));
    const measure = { kind: 'latency', percentile: 99 };
    const objectives = [{ id: 'slow', measure, target: { value: 0.5 } }];
    const plan = { sla: { scenario: 'stress' }, objectives };
    await writeFile(join(folder.path, id(1), 'plan.json'), JSON.stringify(plan));
    const verdict = { verdict: 'pass', objectives: [{ id: 'slow', value: 0.3, samples: 600 }] };
    await writeFile(join(folder.path, id(1), 'verdict.json'), JSON.stringify(verdict));
    const { stdout } = await slaHere(['runs', 'list', '--out', folder.path]);
    expect(stdout).toContain('p99 300.0 ms  600');
  });

  test('reports that the folder is empty', async () => {
    await using folder = await temporaryFolder();
    const { code, stdout, stderr } = await slaHere(['runs', 'list', '--out', join(folder.path, 'nowhere')]);
    expect(stderr).toContain('no run is stored in');
    expect(stdout).toBe('');
    expect(code).toBe(0);
  });
});

describe('runs prune', () => {
  test('keeps the newest runs and deletes the others, and nothing else', async () => {
    await using folder = await temporaryFolder();
    const runs = join(folder.path, 'runs');
    const outside = join(folder.path, 'outside');
    await makeRun(outside, id(1));
    for (const day of [1, 2, 3, 4]) await makeRun(runs, id(day), { verdict: 'pass' });
    // Creates a link that leads out of an old run, a link and a folder named like runs, and a run in a folder with another
    // name.
    await symlink(outside, join(runs, id(1), 'link'));
    await symlink(join(outside, id(1)), join(runs, id(1, 'beef')));
    await mkdir(join(runs, id(1, 'cafe')));
    await makeRun(runs, 'kept by hand');
    await writeFile(join(runs, id(1, 'f11e')), 'a file');
    await symlink(id(4), join(runs, 'latest'));
    const others = [id(1, 'beef'), id(1, 'cafe'), id(1, 'f11e'), 'kept by hand', 'latest'];

    const before = await names(runs);
    const dry = await slaHere(['runs', 'prune', '--keep', '2', '--out', runs, '--dry-run']);
    expect(dry).toMatchObject({ code: 0, stdout: `would delete ${id(2)}\nwould delete ${id(1)}\n` });
    expect(await names(runs)).toEqual(before);

    const pruned = await slaHere(['runs', 'prune', '--keep', '2', '--out', runs]);
    expect(pruned).toMatchObject({ code: 0, stdout: `deleted ${id(2)}\ndeleted ${id(1)}\n` });
    expect(await names(runs)).toEqual([...others, id(3), id(4)].sort());
    expect(existsSync(join(outside, id(1), 'plan.json'))).toBe(true);
  });

  test('keeps the run that latest points to, and runs that may still be in progress', async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const now = new Date().toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
    const running = `${now}-smoke-0000`;
    for (const day of [1, 2, 3]) await makeRun(path, id(day), { sealed: day !== 2 });
    await makeRun(path, running, { sealed: false });
    await makeRun(path, `${now}-smoke-0001`);
    await symlink(id(1), join(path, 'latest'));
    await slaHere(['runs', 'prune', '--keep', '1', '--out', path]);
    const left = await names(path);
    expect(left).toContain(running);
    expect(left).toContain(id(1));
    expect(left).not.toContain(id(2));
    expect(left).not.toContain(id(3));
    expect(existsSync(join(path, await readlink(join(path, 'latest')), 'plan.json'))).toBe(true);
  });

  test('keeps the newest passed run of each scenario, because it is the next run’s baseline', async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    await makeRun(path, id(1), { verdict: 'pass' });
    await makeRun(path, id(2), { verdict: 'pass' });
    await makeRun(path, id(3), { verdict: 'pass', sealed: false });
    await makeRun(path, id(4), { verdict: 'pass', scenario: 'spike' });
    await makeRun(path, id(5), { verdict: 'fail', scenario: 'smoke' });
    await makeRun(path, id(6), { verdict: 'fail' });
    await slaHere(['runs', 'prune', '--keep', '1', '--out', path]);
    expect(await names(path)).toEqual([id(2), id(4), id(6)]);
  });

  test('removes the remains of an interrupted deletion', async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    for (const day of [1, 2]) await makeRun(path, id(day));
    await makeRun(path, `.pruned-${id(3)}`);
    await mkdir(join(path, '.pruned-mine'));
    await slaHere(['runs', 'prune', '--keep', '1', '--out', path]);
    expect(await names(path)).toEqual(['.pruned-mine', id(2)].sort());
  });
});
