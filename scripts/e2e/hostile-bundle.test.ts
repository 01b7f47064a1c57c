import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seal } from '../runs/seal.ts';
import { finishMadeRun, HEALTHY, makeRun } from '../testing/simulated-run.ts';
import { slaHere, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';

/**
 * A run folder may come from anywhere, and anyone who can write to it can seal it. Whatever it contains, commands
 * must end in bounded time and give a reason.
 */

let folder: TemporaryFolder;
let original: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const made = await makeRun(folder.path, { ...HEALTHY, durationSeconds: 60 });
  original = made.stored.path;
  await mkdir(join(original, 'logs'));
  await writeFile(join(original, 'logs', 'k6.log'), 'loaded\n');
  await finishMadeRun(made, null);
});
afterAll(() => folder[Symbol.asyncDispose]());

async function copyRun(): Promise<AsyncDisposable & { readonly path: string; readonly parent: string }> {
  const parent = await temporaryFolder();
  const path = join(parent.path, '2025-03-04T12-59-55Z-steady-00aa');
  await cp(original, path, { recursive: true });
  return { path, parent: parent.path, [Symbol.asyncDispose]: () => parent[Symbol.asyncDispose]() };
}

type Edit = (data: Record<string, unknown>) => unknown;
const edit =
  (name: string, change: Edit) =>
  async (path: string): Promise<void> => {
    const file = join(path, name);
    await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')))));
  };
const write = (name: string, text: string) => (path: string) => writeFile(join(path, name), text);
const firstObjective =
  (change: Record<string, unknown>): Edit =>
  ({ objectives, ...plan }) => {
    const [first, ...rest] = objectives as readonly object[];
    return { ...plan, objectives: [{ ...first, ...change }, ...rest] };
  };

test('the unchanged run passes', async () => {
  expect((await slaHere(['verify', original])).code).toBe(0);
});

describe('a file that does not match the seal is named', () => {
  const forbidden = (path: string, name: string) =>
    Buffer.concat([Buffer.from(`${path}/`), Buffer.from(name, 'latin1')]);
  const fifo = async (path: string) => {
    await rm(path, { force: true });
    execFileSync('mkfifo', [path]);
  };
  const cases: Record<string, [alter: (path: string) => Promise<unknown>, message: RegExp]> = {
    'a manifest behind a link': [
      async (path) => {
        await rename(join(path, 'manifest.json'), join(path, '..', 'elsewhere.json'));
        await symlink('../elsewhere.json', join(path, 'manifest.json'));
      },
      /manifest\.json: .*it is not a plain file/,
    ],
    'a manifest that is a pipe': [
      (path) => fifo(join(path, 'manifest.json')),
      /manifest\.json: .*it is not a plain file/,
    ],
    'a manifest that is a folder': [
      async (path) => {
        await rm(join(path, 'manifest.json'));
        await mkdir(join(path, 'manifest.json'));
      },
      /manifest\.json: .*it is not a plain file/,
    ],
    'a manifest of a later version': [
      edit('manifest.json', (manifest) => ({ ...manifest, schema: 'sla-harness/manifest/v9' })),
      /it is not a manifest \(sla-harness\/manifest\/v1\), its schema is "sla-harness\/manifest\/v9"/,
    ],
    'an array as manifest': [write('manifest.json', '[]'), /it is not a manifest/],
    'a file that became a pipe': [
      (path) => fifo(join(path, 'plan.json')),
      /plan\.json: .*something that is not a plain file/,
    ],
    'an additional pipe': [
      (path) => fifo(join(path, 'logs', 'extra')),
      /logs\/extra: .*not in manifest\.json/,
    ],
    'a file that grew to 2 TB': [
      (path) => truncate(join(path, 'logs', 'k6.log'), 2 ** 41),
      /logs\/k6\.log: .*found 2199023255552 bytes/,
    ],
    'an additional empty folder': [
      (path) => mkdir(join(path, 'logs', 'empty')),
      /logs\/empty: .*it is a folder that is not in manifest\.json/,
    ],
    'a name with a backslash': [write('logs\\k6.log', 'x'), /logs\\k6\.log: .*not in manifest\.json/],
    'a name that is not UTF-8': [
      (path) => writeFile(forbidden(path, 'caf\u00e9'), 'x'),
      /caf%e9: .*it is not in manifest\.json/,
    ],
    'a folder whose name is not UTF-8': [
      (path) => mkdir(forbidden(path, '\u00ff')),
      /%ff: .*it is a folder that is not in manifest\.json/,
    ],
    'a name with control characters for the terminal': [
      write('\u001b[2J\u202e', 'x'),
      /\ufffd\[2J\ufffd: .*not in manifest/,
    ],
  };
  test.each(Object.entries(cases))('%s', async (_, [alter, message]) => {
    await using run = await copyRun();
    await alter(run.path);
    const { code, stdout, stderr } = await slaHere(['verify', run.path]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('defect');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('a sealed folder that is not a run is rejected with the reason', () => {
  const cases: Record<string, [alter: (path: string) => Promise<unknown>, message: RegExp]> = {
    '{} as plan': [
      write('plan.json', '{}'),
      /plan\.json: it has no schema, expected "sla-harness\/plan\/v1"/,
    ],
    '[] as plan': [write('plan.json', '[]'), /plan\.json: it has no schema/],
    'null as plan': [write('plan.json', 'null'), /plan\.json: it has no schema/],
    'invalid JSON as plan': [write('plan.json', '{'), /plan\.json: it does not parse/],
    'an empty plan': [write('plan.json', ''), /plan\.json: it does not parse/],
    'a plan of a later version': [
      edit('plan.json', (plan) => ({ ...plan, schema: 'sla-harness/plan/v9' })),
      /plan\.json: its schema is "sla-harness\/plan\/v9", and this version of the harness reads "sla-harness\/plan\/v1"/,
    ],
    'a run of a later version': [
      edit('run.json', (run) => ({ ...run, schema: 'sla-harness/run/v9' })),
      /run\.json: its schema is "sla-harness\/run\/v9"/,
    ],
    'evidence of a later version': [
      edit('evidence.json', (evidence) => ({ ...evidence, schema: 'sla-harness/evidence/v9' })),
      /evidence\.json: its schema is "sla-harness\/evidence\/v9"/,
    ],
    'an unknown measure': [
      edit('plan.json', firstObjective({ measure: { kind: 'vibes' } })),
      /plan\.json: objectives\[0\]\.measure: "vibes" is not a measure that this version of the harness knows/,
    ],
    'a measure without its selector': [
      edit('plan.json', firstObjective({ measure: { kind: 'throughput' } })),
      /plan\.json: objectives\[0\]\.measure: must have required properties counter/,
    ],
    'an unknown comparison': [
      edit('plan.json', firstObjective({ target: { text: '~ 1', comparison: '~', value: 1 } })),
      /plan\.json: objectives\[0\]\.target\.comparison: is not an allowed value/,
    ],
    'an infinite limit': [
      (path) =>
        edit(
          'plan.json',
          firstObjective({ target: { text: '< 1', comparison: '<', value: 12321 } }),
        )(path).then(async () => {
          const text = await readFile(join(path, 'plan.json'), 'utf8');
          await writeFile(join(path, 'plan.json'), text.replace('12321', '1e999'));
        }),
      /plan\.json: objectives\[0\]\.target\.value: must be number/,
    ],
    'samples that are not samples': [
      edit('evidence.json', ({ readings, ...evidence }) => ({
        ...evidence,
        readings: (readings as object[]).map((one) => ({ ...one, series: [{ labels: {}, samples: [[1]] }] })),
      })),
      /evidence\.json: readings\[0\]\.series\[0\]\.samples\[0\]/,
    ],
    'columns that are not text': [
      edit('run.json', ({ load, ...run }) => ({
        ...run,
        load: { ...(load as object), client: { startMs: 1 } },
      })),
      /run\.json: load/,
    ],
    'a run that is missing': [(path) => rm(join(path, 'run.json')), /run\.json: it is missing/],
  };
  test.each(Object.entries(cases))('%s', async (_, [alter, message]) => {
    await using run = await copyRun();
    await alter(run.path);
    await seal(run.path);
    for (const command of [['verify'], ['verify', '--json'], ['review', '--text']]) {
      const { code, stdout, stderr } = await slaHere([...command, run.path]);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain('defect');
      expect(stdout).toBe('');
      expect(code).toBe(2);
    }
  });

  test('files that contradict each other', async () => {
    await using run = await copyRun();
    await edit(
      'plan.json',
      firstObjective({ measure: { kind: 'throughput', counter: 'x{', status: '(' } }),
    )(run.path);
    await edit('verdict.json', ({ window: _, ...verdict }) => ({
      ...verdict,
      window: { from: 'then', to: 'now' },
    }))(run.path);
    await seal(run.path);
    for (const command of [['verify'], ['review', '--text']]) {
      const { code, stderr } = await slaHere([...command, run.path]);
      expect(stderr).not.toContain('defect');
      expect(command[0] === 'verify' ? [2, 3] : [0, 2], stderr).toContain(code);
    }
  });
});

describe('a broken run does not prevent listing the others', () => {
  const broken: Record<string, (path: string) => Promise<unknown>> = {
    '{} as plan': write('plan.json', '{}'),
    'objectives of nothing': write('plan.json', '{"objectives":[null],"sla":1}'),
    'a verdict of nothing': write('verdict.json', '{"verdict":"great","objectives":[null,{"samples":"x"}]}'),
    'a plan that is a folder': async (path) => {
      await rm(join(path, 'plan.json'));
      await mkdir(join(path, 'plan.json'));
    },
    'series of nothing': write('series.json', '{"schema":"sla-harness/series/v1","answers":[null]}'),
  };
  test.each(Object.entries(broken))('%s', async (_, alter) => {
    await using run = await copyRun();
    const other = '2025-03-05T12-59-55Z-steady-00aa';
    await cp(original, join(run.parent, other), { recursive: true });
    await alter(run.path);
    const listed = await slaHere(['runs', 'list', '--out', run.parent]);
    expect(listed.stderr).toBe('');
    expect(listed.stdout).toMatch(new RegExp(`^${other} +steady +pass`, 'm'));
    expect(listed.code).toBe(0);
    const reviewed = await slaHere(['review', join(run.parent, other), '--text']);
    expect(await readFile(join(run.parent, 'index.html'), 'utf8')).toContain('2025-03-05 12:59:55');
    expect(reviewed.code, reviewed.stderr).toBe(0);
    const pruned = await slaHere(['runs', 'prune', '--out', run.parent, '--keep', '1']);
    expect(pruned.stderr).not.toContain('defect');
    expect(pruned.code).toBe(0);
  });
});

test("a run's name cannot control the terminal or a CI server", async () => {
  await using run = await copyRun();
  const name =
    'x\u001b]0;owned\u0007\u001b[2J\u009b1m\u202e\r\n::error::PASS ##[error] <img src=x onerror=alert(1)> [y](http://z)';
  for (const file of ['plan.json', 'verdict.json', 'document.json'])
    await edit(file, (data) => ({
      ...data,
      ...(file === 'plan.json'
        ? { sla: { name, scenario: 'steady' } }
        : file === 'document.json'
          ? { name }
          : { sla: name }),
    }))(run.path);
  await seal(run.path);
  for (const command of [
    ['verify'],
    ['verify', '--json'],
    ['review', '--text'],
    ['runs', 'list', '--out', run.parent],
  ]) {
    const { stdout, stderr } = await slaHere(command[0] === 'runs' ? command : [...command, run.path]);
    const forbidden = [...(stdout + stderr)].filter((sign) => /[\p{Cc}\p{Cf}]/u.test(sign) && sign !== '\n');
    expect(forbidden).toEqual([]);
    expect(stdout + stderr).not.toMatch(/^\s*::|##\[/m);
  }
});
