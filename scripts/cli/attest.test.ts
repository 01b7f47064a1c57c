import { createHash } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seal } from '../runs/seal.ts';
import { FAULTY, finishMadeRun, HEALTHY, type MadeRun, makeRun } from '../testing/simulated-run.ts';
import { slaHere, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';

const COMMIT = 'd20ace7968ba43c0219f62d71334c1095bab1602';
const DIGEST = 'ab'.repeat(32);

let folder: TemporaryFolder;
let healthy: MadeRun;
let faulty: MadeRun;

beforeAll(async () => {
  folder = await temporaryFolder();
  healthy = await made(HEALTHY, 'healthy');
  faulty = await made(FAULTY, 'faulty');
});
afterAll(() => folder[Symbol.asyncDispose]());

async function made(options: typeof HEALTHY, name: string): Promise<MadeRun> {
  const run = await makeRun(join(folder.path, name), options);
  await finishMadeRun(run, null);
  return run;
}

const attest = (run: MadeRun, ...args: string[]) => slaHere(['attest', run.stored.path, ...args]);

/** Adds fields to the stored environment, and seals the run again. */
async function record(run: MadeRun, more: object): Promise<void> {
  const file = join(run.stored.path, 'environment.json');
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), ...more }));
  await seal(run.stored.path);
}

describe('./sla attest', () => {
  test('states the result of a run for an image and a commit', async () => {
    const done = await attest(
      healthy,
      '--subject',
      `registry.example/shop@sha256:${DIGEST}`,
      '--commit',
      COMMIT,
    );
    expect(done.code, done.stderr).toBe(0);
    const { predicate, ...statement } = JSON.parse(done.stdout);
    expect(statement).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [
        { name: 'registry.example/shop', digest: { sha256: DIGEST } },
        { digest: { gitCommit: COMMIT } },
      ],
      predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    });
    expect(predicate).toMatchObject({ result: 'PASSED', warnedTests: [], failedTests: [] });
    expect(predicate.passedTests).toEqual(healthy.verdict.objectives.map(({ id }) => id));
    const manifest = await readFile(join(healthy.stored.path, 'manifest.json'));
    expect(predicate.configuration).toContainEqual({
      name: 'manifest.json',
      digest: { sha256: createHash('sha256').update(manifest).digest('hex') },
    });
    expect(predicate.configuration.map(({ name }: { name: string }) => name)).toEqual([
      'document.json',
      'plan.json',
      'manifest.json',
    ]);
  });

  test('if the run did not pass, the statement says FAILED, and the command still succeeds', async () => {
    await record(faulty, { faults: null });
    const { code, stdout, stderr } = await attest(faulty, '--commit', COMMIT);
    expect(code, stderr).toBe(0);
    const { predicate } = JSON.parse(stdout);
    expect(predicate.result).toBe('FAILED');
    const failed = faulty.verdict.objectives.filter(({ verdict }) => verdict !== 'met').map(({ id }) => id);
    expect(predicate.failedTests).toEqual(expect.arrayContaining(failed));
    expect(failed.length).toBeGreaterThan(0);
  });

  test('without options, the statement is about the commit of the checkout, unless it has uncommitted changes', async () => {
    const git = { commit: COMMIT, dirty: false, remote: 'https://git.example/shop' };
    const ci = { GITHUB_SERVER_URL: 'https://git.example', GITHUB_REPOSITORY: 'a/shop', GITHUB_RUN_ID: '47' };
    await record(healthy, { git, ci });
    const { subject, predicate } = JSON.parse((await attest(healthy)).stdout);
    expect(subject).toEqual([{ name: 'https://git.example/shop', digest: { gitCommit: COMMIT } }]);
    expect(predicate.url).toBe('https://git.example/a/shop/actions/runs/47');
    await record(healthy, { git: { ...git, dirty: true } });
    const refused = await attest(healthy);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('the checkout had uncommitted changes');
  });

  test.each([
    [['--subject', 'shop:latest'], '--subject: "shop:latest" does not name an image by its digest'],
    [['--subject', `shop@sha256:${DIGEST.slice(1)}`], 'does not name an image by its digest'],
    [['--commit', COMMIT.slice(0, 7)], `--commit: "${COMMIT.slice(0, 7)}" is not a whole commit`],
  ])('%j is refused', async (args, message) => {
    const { code, stderr } = await attest(healthy, ...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  test('a run with injected faults is refused', async () => {
    const run = await made({ ...HEALTHY, suffix: '00ac' }, 'with-faults');
    await record(run, { faults: 'latency=250ms' });
    const { code, stderr } = await attest(run, '--commit', COMMIT);
    expect(stderr).toContain('RUN: faults were injected into the service (latency=250ms)');
    expect(code).toBe(2);
  });

  test('a run without a seal, or with a broken one, is refused', async () => {
    const run = await made({ ...HEALTHY, suffix: '00ad' }, 'altered');
    await appendFile(join(run.stored.path, 'verdict.json'), '\n');
    const { code, stdout, stderr } = await attest(run, '--commit', COMMIT);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('the run does not match its seal');
  });

  test('a stored verdict that does not follow from the evidence is refused, even if the run was sealed with it', async () => {
    const run = await made({ ...FAULTY, suffix: '00ae' }, 'forged');
    await record(run, { faults: null });
    const file = join(run.stored.path, 'verdict.json');
    const verdict = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...verdict, verdict: 'pass', exitCode: 0 }));
    await seal(run.stored.path);
    const { code, stderr } = await attest(run, '--commit', COMMIT);
    expect(stderr).toContain('RUN: the stored verdict is pass, but this version of the harness gives');
    expect(code).toBe(2);
  });
});
