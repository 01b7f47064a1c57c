import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HarnessError } from '../cli/errors.ts';
import { findTool } from '../tools/find-tool.ts';
import { inspectScript } from './k6-inspect.ts';

let folder: string;
let k6: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inspect-'));
  const io = { env: process.env, progress: () => {}, signal: new AbortController().signal };
  k6 = (await findTool('k6', io)).path;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const NOTHING = 'export default function () {}';

async function inspect(text: string, env: Record<string, string> = {}, limitMs?: number) {
  const file = join(folder, 'their.js');
  await writeFile(file, text);
  return await ask(file, env, limitMs);
}

const ask = (file: string, env: Record<string, string> = {}, limitMs?: number) =>
  inspectScript(file, 'their.js', {
    k6,
    env: { ...process.env, ...env },
    cwd: folder,
    signal: new AbortController().signal,
    ...(limitMs === undefined ? {} : { limitMs }),
  });

const planOf = async (text: string, env: Record<string, string> = {}) => {
  const found = await inspect(text, env);
  if (!found.ok) throw new HarnessError('bad', found.error[0]!.message, { nextStep: '' });
  return found.value;
};

const refusalOf = async (text: string, limitMs?: number) => {
  const found = await inspect(text, {}, limitMs);
  expect(found.ok).toBe(false);
  return found.ok ? '' : found.error[0]!.message;
};

test('the plan contains the settings that k6 reports for each executor', async () => {
  const { scenarios, ...rest } = await planOf(`
    export const options = {
      scenarios: {
        shared: { executor: 'shared-iterations', vus: 2, iterations: 10, maxDuration: '30s' },
        each: { executor: 'per-vu-iterations', vus: 3, iterations: 5, startTime: '5s' },
        constant: { executor: 'constant-vus', vus: 2, duration: '10s' },
        ramping: { executor: 'ramping-vus', startVUs: 1, stages: [{ duration: '5s', target: 5 }, { duration: '1m5s', target: 0 }] },
        steady: { executor: 'constant-arrival-rate', rate: 90, timeUnit: '1m', duration: '10s', preAllocatedVUs: 5 },
        rising: { executor: 'ramping-arrival-rate', startRate: 10, stages: [{ duration: '5s', target: 20 }, { duration: '0s', target: 40 }, { duration: '5.5s', target: 40 }], preAllocatedVUs: 5, startTime: '1m' },
      },
    };
    ${NOTHING}`);
  const byName = new Map(scenarios.map(({ name, ...one }) => [name, one]));
  expect(byName.get('shared')).toEqual({
    ...{ executor: 'shared-iterations', startSeconds: 0, maxDurationSeconds: 30 },
    ...{ stages: null, plannedIterations: 10 },
  });
  expect(byName.get('each')).toMatchObject({
    ...{ startSeconds: 5, maxDurationSeconds: 600, stages: null, plannedIterations: 15 },
  });
  expect(byName.get('constant')).toMatchObject({ maxDurationSeconds: 10, plannedIterations: null });
  expect(byName.get('ramping')).toMatchObject({ maxDurationSeconds: 70, plannedIterations: null });
  expect(byName.get('steady')).toMatchObject({
    stages: [{ seconds: 10, fromPerSecond: 1.5, toPerSecond: 1.5 }],
    plannedIterations: 15,
  });
  expect(byName.get('rising')).toMatchObject({
    startSeconds: 60,
    stages: [
      { seconds: 5, fromPerSecond: 10, toPerSecond: 20 },
      { seconds: 0, fromPerSecond: 20, toPerSecond: 40 },
      { seconds: 5.5, fromPerSecond: 40, toPerSecond: 40 },
    ],
    plannedIterations: 295,
  });
  // k6 adds graceful stops to the ten minutes of the scenario `each`. setup() and teardown() may take a minute each.
  expect(rest).toEqual({
    ...{
      scheduledSeconds: 605,
      plannedIterations: 310,
      longestSeconds: 755,
      maxRequestsPerSecond: null,
      thresholds: {},
    },
  });
});

test('shorthand options, and a script without options, result in the executors that k6 derives from them', async () => {
  const executorOf = async (options: string) => {
    const { scenarios } = await planOf(`export const options = ${options}; ${NOTHING}`);
    return scenarios.map(({ executor, plannedIterations }) => [executor, plannedIterations]);
  };
  expect(await executorOf("{ vus: 3, duration: '5s' }")).toEqual([['constant-vus', null]]);
  expect(await executorOf('{ vus: 3, iterations: 7 }')).toEqual([['shared-iterations', 7]]);
  expect(await executorOf("{ stages: [{ duration: '5s', target: 5 }] }")).toEqual([['ramping-vus', null]]);
  expect(await executorOf('{}')).toEqual([['per-vu-iterations', 1]]);
});

test('the plan may depend on the environment of the run', async () => {
  const text = `export const options = { vus: 1, duration: __ENV.LONG || '1s' }; ${NOTHING}`;
  expect((await planOf(text, { LONG: '90s' })).scheduledSeconds).toBe(90);
});

test('thresholds are read with their tags, in both notations', async () => {
  const { thresholds } = await planOf(`
    export const options = { thresholds: {
      http_req_duration: ['p(95)<500', { threshold: 'p(99)<1000', abortOnFail: true }],
      'http_req_duration{name:checkout}': ['p(95)<200'],
    } };
    ${NOTHING}`);
  expect(thresholds).toEqual({
    http_req_duration: ['p(95)<500', 'p(99)<1000'],
    'http_req_duration{name:checkout}': ['p(95)<200'],
  });
});

test("a script that k6 cannot run is rejected with k6's message", async () => {
  expect(await refusalOf("import x from './nope.js'; export default x;")).toContain('./nope.js');
  expect(await refusalOf(`throw new Error('no token'); ${NOTHING}`)).toBe(
    'k6 cannot plan this script: Error: no token at their.js:1:7',
  );
  expect(await refusalOf('export function setup() {}')).toContain("function 'default' not found in exports");
  expect(await refusalOf(`export const options = { vus: 0, iterations: 0 }; ${NOTHING}`)).toContain(
    'the number of VUs must be more than 0',
  );
  expect(
    await refusalOf(`export const options = { thresholds: { nosuch: ['p(95)<3'] } }; ${NOTHING}`),
  ).toContain('no metric name "nosuch" found');
  expect(await refusalOf(`import sql from 'k6/x/sql'; ${NOTHING}`)).toContain('k6/x/sql');
});

test('a script that uses a browser is rejected, because k6 cannot restrict a browser to the load target', async () => {
  const scenario = "{ executor: 'shared-iterations', options: { browser: { type: 'chromium' } } }";
  expect(await refusalOf(`export const options = { scenarios: { ui: ${scenario} } }; ${NOTHING}`)).toContain(
    'scenario "ui" starts a browser',
  );
});

test('init code that does not finish is stopped', async () => {
  expect(await refusalOf('while (true) {}', 1_500)).toBe(
    'k6 cannot plan this script: its init code did not end within 1.5 s',
  );
});

test('a missing script and a folder are reported as such', async () => {
  const missing = await ask(join(folder, 'gone.js'));
  expect(missing).toMatchObject({ ok: false, error: [{ file: 'their.js', code: 'bad-script' }] });
  expect(JSON.stringify(missing)).toContain('there is no such file');
  expect(JSON.stringify(await ask(folder))).toContain('it is not a file');
});

test('a script is rejected if its system tags omit those that the record needs', async () => {
  expect(
    await refusalOf(
      `export const options = { systemTags: ['url', 'name', 'scenario', 'check'] }; ${NOTHING}`,
    ),
  ).toMatch(/systemTags leaves out status, error_code, which the record of the run needs: add them/);
});
