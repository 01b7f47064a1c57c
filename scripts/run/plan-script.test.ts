import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, slaHere, temporaryFolder } from '../testing/sla.ts';
import { nameOf } from './plan-script.ts';

/** Tests the command line with `--script`: the inputs that are rejected before anything is started, and the plan. */

const STEADY = `
export const options = { scenarios: { buy: { executor: 'constant-arrival-rate', rate: 25, duration: '60s', preAllocatedVUs: 5 } } };
export default function () {}
`;

async function withScript(text: string, args: readonly string[]) {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'Shop Test.js'), text);
  return await slaHere([...args, '--script', 'Shop Test.js'], folder.path);
}

test('a script is resolved against the operator’s working directory', async () => {
  const { code, stdout, stderr } = await withScript(STEADY, ['plan']);
  expect(code).toBe(0);
  expect(stderr).toContain(
    'without --sla FILE, the script is judged by the document of the sentiment service',
  );
  expect(stdout).toContain('sentiment-api · shop-test: 1,500 iterations in at most 60 s (25/s for 60 s)');
});

test('options that a script’s own load makes meaningless are rejected', async () => {
  const refusal = async (...args: string[]) => (await withScript(STEADY, ['gate', ...args])).stderr;
  expect(await refusal('--rate', '5')).toBe(
    '--rate: Shop Test.js plans its own load: change the rate in the script, or leave out --script\n',
  );
  expect(await refusal('--duration', '5s')).toContain('--duration: Shop Test.js plans its own load');
  expect(await refusal('--scenario', 'smoke')).toContain('--scenario: Shop Test.js plans its own load');
  expect(await refusal('--stack', 'containers')).toContain('--script: not available with --stack containers');
  expect((await withScript(STEADY, ['run', 'smoke'])).stderr).toContain('--scenario: Shop Test.js plans its');
});

test('a script in a volume claim is refused without a cluster, and if its path leaves the volume', async () => {
  const refusal = async (...args: string[]) => (await slaHere(['gate', ...args])).stderr;
  const [script, cluster] = ['claim:load-scripts/test.js', ['--stack', 'kubernetes']];
  expect(await refusal('--script', script)).toBe(
    '--script: claim:load-scripts/test.js is in a volume of a cluster: add --stack kubernetes, or name a file of this machine\n',
  );
  expect(await refusal('--script', 'claim:load-scripts/../x.js', ...cluster)).toContain(
    '"claim:load-scripts/../x.js" does not name a file in the volume: write claim:load-scripts/PATH',
  );
});

test('limits on the load apply to the load that k6 plans', async () => {
  const refusal = async (text: string, ...args: string[]) =>
    (await withScript(text, ['gate', ...args])).stderr;
  expect(await refusal(STEADY, '--max-rate', '20')).toBe(
    '--script: the script starts up to 25/s iterations, which exceeds the 20/s that --max-rate allows: lower its rates\n',
  );
  expect(await refusal(STEADY, '--max-duration', '30s')).toBe(
    '--script: the script may take 60 s (scenario "buy"), longer than the 30 s that --max-duration allows: shorten it, or set maxDuration in the script\n',
  );
  expect(await refusal(STEADY, '--max-rate', '0.5')).toContain('k6 cannot be limited to the 0.5/s');
});

test('k6 options in the environment are reported, and have no effect', async () => {
  process.env.K6_VUS = '7';
  try {
    const { stderr, stdout } = await withScript('export default function () {}', ['plan']);
    expect(stderr).toContain('not passed to k6: K6_VUS');
    expect(stdout).toContain('per-vu-iterations, 1 iteration in at most 600 s');
  } finally {
    delete process.env.K6_VUS;
  }
});

test("a script that k6 cannot run is rejected with k6's message, and a missing one is reported as missing", async () => {
  expect((await withScript('throw new Error("no token")', ['gate'])).stderr).toMatch(
    /^Shop Test\.js: k6 cannot plan this script: Error: no token at Shop Test\.js:1:\d+\n$/,
  );
  const { code, stderr } = await slaHere(['gate', '--script', 'gone.js'], ROOT);
  expect([code, stderr]).toEqual([2, 'gone.js: the load script cannot be read: there is no such file\n']);
});

test('a run is named after its script', () => {
  expect(nameOf('/x/Check Out_v2.test.js')).toBe('check-out-v2-test');
  expect(nameOf('load.tar')).toBe('load');
  expect(nameOf('../../_.js')).toBe('script');
});
