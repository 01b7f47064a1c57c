import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectScript } from '../run/k6-inspect.ts';
import { slaHere, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { findTool } from '../tools/find-tool.ts';
import { type OwnScript, scriptAt } from './own-script.ts';

/**
 * Which k6 scripts a search can run, and the load that it gives them. k6 itself reports both, without sending
 * requests.
 */

let folder: TemporaryFolder;
let k6: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  ({ path: k6 } = await findTool('k6', { env: process.env, progress: () => {} }));
});
afterAll(() => folder[Symbol.asyncDispose]());

async function written(name: string, options: string): Promise<string> {
  const file = join(folder.path, name);
  await writeFile(file, `export const options = ${options};\nexport default function () {}\n`);
  return file;
}

const ARRIVING = `executor: 'constant-arrival-rate', rate: 5, duration: '10s', preAllocatedVUs: 1`;

test.each([
  ['two', `{ scenarios: { a: { ${ARRIVING} }, b: { ${ARRIVING} } } }`, 'has 2 scenarios (a, b)'],
  [
    'ramping',
    `{ scenarios: { a: { executor: 'ramping-arrival-rate', stages: [{ duration: '5s', target: 9 }], preAllocatedVUs: 1 } } }`,
    'uses the executor ramping-arrival-rate, which has no single rate',
  ],
  ['vus', `{ vus: 3, duration: '10s' }`, 'uses the executor constant-vus'],
  ['iterations', `{ vus: 1, iterations: 30 }`, 'uses the executor shared-iterations'],
  ['rps', `{ rps: 20, scenarios: { a: { ${ARRIVING} } } }`, 'limits its requests to 20/s (options.rps)'],
])('a script with the load "%s" is refused with the reason', async (name, options, why) => {
  const { code, stderr } = await slaHere(['capacity', '--script', await written(`${name}.js`, options)]);
  expect(stderr).toContain(why);
  expect(stderr).toContain(
    'a search needs one constant-arrival-rate scenario, or a script without scenarios',
  );
  expect(code).toBe(2);
});

test('a script may also send load only to allowed targets', async () => {
  const { code, stderr } = await slaHere([
    ...['capacity', '--script', await written('far.js', '{}')],
    ...['--target', 'http://10.0.0.1', '--prometheus', 'http://127.0.0.1:1'],
  ]);
  expect(stderr).toContain('is not allowed: load is sent to this machine only');
  expect(code).toBe(2);
});

describe('the load of a step', () => {
  const planned = async (own: OwnScript) => {
    const file = join(folder.path, 'step.js');
    await writeFile(file, scriptAt(own, { ratePerSecond: 12.5, seconds: 60 }));
    const io = { k6, env: process.env, cwd: folder.path, signal: AbortSignal.timeout(30_000) };
    const plan = await inspectScript(file, 'step.js', io);
    if (!plan.ok) throw new Error(plan.error[0]!.message);
    return plan.value;
  };
  const EXPECTED = {
    plannedIterations: 750,
    scheduledSeconds: 60,
    thresholds: {},
    scenarios: [{ executor: 'constant-arrival-rate', startSeconds: 0 }],
  };

  test('replaces the load of the scenario, and thresholds are left out', async () => {
    const file = await written(
      'one.js',
      `{ scenarios: { mine: { ${ARRIVING}, startTime: '3s' } }, thresholds: { http_reqs: ['count>1'] } }`,
    );
    const plan = await planned({ file, sha256: '', scenario: 'mine', plannedPerSecond: 5 });
    expect(plan).toMatchObject(EXPECTED);
    expect(plan.scenarios).toMatchObject([{ name: 'mine' }]);
  });

  test('is added to a script without options', async () => {
    const file = join(folder.path, 'bare.js');
    await writeFile(file, 'export default function () {}\n');
    expect(await planned({ file, sha256: '', scenario: 'default', plannedPerSecond: null })).toMatchObject(
      EXPECTED,
    );
  });
});
