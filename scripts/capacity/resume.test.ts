import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toJson } from '../runs/bundle.ts';
import { ROOT, temporaryFolder } from '../testing/sla.ts';
import { finishedSearch, resumed, withAsked } from './altered-search.ts';
import { changesSince, sourcesOf } from './sources.ts';
import { CAPACITY_FILES } from './storage.ts';
import { FINISHED, HOLD, makeSearch } from './test-search.ts';

/** Resuming a stored search. */

const search = finishedSearch({ cores: availableParallelism() });
const { altered } = search;

test('a finished search is reported again, and its record stays the same', async () => {
  const path = await altered();
  const { code, stdout, stderr } = await resumed(path);
  expect(stderr).toContain('the search is finished after 3 steps: only its report is written again');
  expect(stdout).toContain(
    'Every objective holds at 425/s, confirmed by a hold; at 438/s an objective is missed.',
  );
  expect(code).toBe(0);
  expect(JSON.parse(await readFile(join(path, CAPACITY_FILES.record), 'utf8'))).toEqual(search.made.record);
});

test('a damaged search next to it is skipped, and named', async () => {
  const path = await altered();
  for (const [name, content] of [
    [
      '2026-11-29T03-00-00Z-capacity-steady-0001',
      { schema: 'sla-harness/capacity/v1', steps: [], asked: { scenario: 'steady' } },
    ],
    ['2026-11-29T03-00-00Z-capacity-steady-0002', { ...search.made.record, commit: 5 }],
  ] as const) {
    await mkdir(join(dirname(path), name));
    await writeFile(join(dirname(path), name, CAPACITY_FILES.record), toJson(content));
  }
  await mkdir(join(dirname(path), '2026-11-29T03-00-00Z-capacity-steady-by-workers-0003'));
  const { code, stderr } = await resumed(path);
  expect(stderr).toContain('the search 2026-11-29T03-00-00Z-capacity-steady-0001 is not compared');
  expect(stderr).toContain('the search 2026-11-29T03-00-00Z-capacity-steady-0002 is not compared');
  expect(stderr).toContain('commit: must be string');
  expect(stderr).not.toContain('0003');
  expect(code).toBe(0);
});

describe('no more load is sent if it would not measure the same', () => {
  test('every difference is named, and a finished search can still be reported', async () => {
    const cores = availableParallelism() + 1;
    const wide = [...FINISHED.slice(0, 2), { ...FINISHED[HOLD]!, ratePerSecond: 300 }];
    const others = { commit: 'f'.repeat(40), cores };
    const { path } = await makeSearch(join(search.folder.path, 'elsewhere'), wide, others);
    const more = await resumed(path, '--budget', '1h');
    expect(more.stderr).toContain(`this machine has ${cores - 1} CPU cores (${cores} before)`);
    expect(more.stderr).toContain('(ffffffffffff before)');
    expect(more.stderr).toContain('the files of the service have changed');
    expect(more.stderr).toContain('the load script, or a file that it uses, has changed');
    expect(more.stderr).toContain('("77" before)');
    expect(more.code).toBe(2);
    expect(await resumed(path)).toMatchObject({ code: 0 });
  });

  test('the hash of the load covers what the script imports and opens, and the variables that it reads', async () => {
    await using scripts = await temporaryFolder();
    const file = (name: string) => join(scripts.path, name);
    await writeFile(file('load.js'), "import './lib.js'; open('./texts.json'); __ENV.SIZE;");
    await writeFile(file('lib.js'), "__ENV['OTHER'];");
    await writeFile(file('texts.json'), '[]');
    const now = (env: Record<string, string> = {}) => sourcesOf(file('load.js'), false, { root: ROOT, env });
    const first = await now();
    expect(await now({ UNUSED: '1' })).toEqual(first);
    for (const env of [{ SIZE: '1' }, { OTHER: '1' }]) {
      const { variables, ...others } = await now(env);
      expect(variables).not.toBe(first.variables);
      expect(others).toEqual({ service: null, settings: {}, script: first.script });
    }
    for (const name of ['lib.js', 'texts.json']) {
      const text = await readFile(file(name), 'utf8');
      await writeFile(file(name), `${text} `);
      expect((await now()).script, name).not.toBe(first.script);
      await writeFile(file(name), text);
    }
    expect(await now()).toEqual(first);
  });

  test('the settings of a service that the harness starts are compared', async () => {
    const script = join(ROOT, 'loadtests', 'single-texts.ts');
    const now = (env: Record<string, string>) => sourcesOf(script, true, { root: ROOT, env });
    const record = { ...search.made.record, sources: await now({ SERVICE_WORKERS: '1' }) };
    const io = { project: ROOT };
    expect(await changesSince(record, await now({ SERVICE_WORKERS: '1', LANG: 'C' }), io)).toEqual([]);
    expect(await changesSince(record, await now({ SERVICE_WORKERS: '2' }), io)).toEqual([
      'SERVICE_WORKERS is "2" ("1" before)',
    ]);
    expect(await changesSince(record, await now({}), io)).toEqual([
      'SERVICE_WORKERS is not set ("1" before)',
    ]);
  });
});

describe('options and files of a resumed search', () => {
  test.each([
    [
      ['--budget', '10m'],
      '--budget: "10m" is not a valid time budget (11m to 24h; a hold alone takes 10 minutes)',
    ],
    [['--out', 'elsewhere'], '--out: a resumed search stays in its folder'],
    [
      ['--headroom', '50%'],
      '--headroom: the headroom of a resumed search can be changed only together with its history',
    ],
    [['--max-rate', '5'], '--max-rate: a resumed search keeps the options that it began with'],
  ])('%j', async (args, message) => {
    const { path } = await makeSearch(
      join(search.folder.path, randomUUID()),
      [{ kind: 'step', ratePerSecond: 100, seconds: 20 }],
      { settings: { ...search.made.record.settings, holdSeconds: 600, budgetSeconds: 7200 } },
    );
    const { code, stderr } = await resumed(path, ...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  test('a folder without a record is not called missing', async () => {
    const steps = join(await altered(), 'steps');
    expect((await resumed(steps)).stderr).toContain('is not the folder of a search: it has no capacity.json');
    expect((await resumed('')).stderr).toContain(
      '--resume: "" is not the folder of a search: there is no such folder',
    );
  });

  test('a missing or truncated history is an error, because the report would lack the growth', async () => {
    const path = await altered(withAsked({ history: { url: 'http://127.0.0.1:1', weeks: 26 } }));
    const missing = await resumed(path);
    expect(missing.stderr).toContain('traffic.json is missing or damaged, so the growth cannot be reported');
    const file = join(path, CAPACITY_FILES.history);
    const hour = { perSecond: 1, atLeastPerSecond: 1, busiestPerSecond: 1 };
    const history = {
      ...{ schema: 'sla-harness/traffic/v1', requests: 'r', readAtSeconds: 3600, weeks: 26 },
      ...{ traffic: { fromSeconds: 0, hours: [hour], replicas: 1 }, copiedBy: [], doubtfulDays: 0 },
    };
    await writeFile(file, toJson({ ...history, weeks: 'x' }));
    const damaged = await resumed(path);
    expect(damaged.stderr).toContain('traffic.json is missing or damaged');
    await writeFile(file, toJson(history));
    const whole = await resumed(path);
    expect(whole.stdout).toContain('not enough history');
    await truncate(file, 20);
    expect(await resumed(path)).toMatchObject({ code: 2 });
    expect([missing.code, damaged.code, whole.code]).toEqual([2, 2, 0]);
  });

  test('a patch from an earlier report is removed if this report has none', async () => {
    const path = await altered();
    await writeFile(join(path, CAPACITY_FILES.patch), 'kind: Deployment\n');
    expect(await resumed(path)).toMatchObject({ code: 0 });
    await expect(readFile(join(path, CAPACITY_FILES.patch))).rejects.toThrow('ENOENT');
  });
});

describe('the lock of a search', () => {
  test('a search that another process continues is refused, with the process id', async () => {
    const path = await altered();
    const lock = join(path, '.lock');
    await symlink(`${hostname()}:${process.ppid}:other`, lock);
    const { code, stderr } = await resumed(path);
    expect(stderr).toContain(`is in use: process ${process.ppid} is searching there`);
    expect(code).toBe(2);
    await rm(lock);
    expect(await resumed(path)).toMatchObject({ code: 0 });
    await expect(readFile(lock)).rejects.toThrow('ENOENT');
  });

  test('the lock of a process that has ended is taken over', async () => {
    const path = await altered();
    await symlink(`${hostname()}:${2 ** 22 + 1}:ended`, join(path, '.lock'));
    expect(await resumed(path)).toMatchObject({ code: 0 });
  });
});
