import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Plan, RunRecord } from '../../slas/model/model.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { type Done, ROOT, sla, slaHere, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict } from '../testing/verdict.ts';

/**
 * A real load in three phases that are judged separately. The service's speed on this machine does not matter
 * here, only which requests belong to which phase.
 */

const SCENARIO = `scenarios:
  jolt:
    script: loadtests/single-texts.ts
    phases:
      - { name: before, rate: 20/s, duration: 5s }
      - { name: spike, rate: 40/s, duration: 3s }
      - { name: after, rate: 20/s, duration: 6s }
    objectives:
      - latency-p95
      - { id: latency-p95, phases: [before, after] }
      - { id: confidence, phases: [spike] }
      - { id: recovery, phases: [spike] }
`;
const RECOVERY = '  - { id: recovery, recovery: { of: latency-p95 }, target: "< 2s" }\n\n';

let folder: TemporaryFolder;
let gated: Done;
beforeAll(async () => {
  folder = await temporaryFolder();
  const shipped = await readFile(join(ROOT, SHIPPED_DOCUMENT), 'utf8');
  const document = join(folder.path, 'spike.yaml');
  await writeFile(document, shipped.replace(/^scenarios:\n/m, `${RECOVERY}${SCENARIO}`));
  const args = ['--sla', document, '--scenario', 'jolt', '--no-abort', '--json', '--out', folder.path];
  gated = await sla(['gate', ...args]);
}, 90_000);
afterAll(() => folder[Symbol.asyncDispose]());

const read = async <T>(name: string) =>
  JSON.parse(await readFile(join(folder.path, 'latest', name), 'utf8')) as T;

test('k6 reports when each phase began, and what was sent in it', async () => {
  expect(gated.stderr).toContain('run folder');
  const { load, window } = await read<RunRecord>('run.json');
  const phases = load!.phases!;
  expect(phases.map(({ name }) => name)).toEqual(['before', 'spike', 'after']);
  expect(phases.reduce((sum, { sent }) => sum + sent, 0)).toBe(load!.sent);
  const { phases: planned } = (await read<Plan>('plan.json')).load!;
  for (const [index, { sent }] of phases.entries()) {
    const { ratePerSecond, durationSeconds } = planned[index]!;
    expect(sent).toBeLessThanOrEqual(ratePerSecond * durationSeconds + 1);
  }
  const [before, spike, after] = phases.map(({ fromSeconds }) => fromSeconds);
  expect(before! - 0.01).toBeLessThanOrEqual(window.fromSeconds);
  // A busy machine starts late, but never early.
  expect(spike! - before!).toBeGreaterThan(4.9);
  expect(after!).toBeGreaterThan(spike!);
});

test("each has its rows, with the interval in which the service's requests were counted", async () => {
  const { load } = await read<RunRecord>('run.json');
  expectVerdict(gated, ({ objectives, preconditions }) => {
    expect(objectives.map(({ id, phase }) => [id, phase])).toEqual([
      ['latency-p95', null],
      ['latency-p95 · before', 'before'],
      ['latency-p95 · after', 'after'],
      ['confidence · spike', 'spike'],
      ['recovery · spike', 'spike'],
    ]);
    const [whole, before, after, spike, recovery] = objectives;
    expect(before!.client!.samples + after!.client!.samples).toBeLessThan(whole!.client!.samples);
    // If the machine is so busy that requests of one phase were sent in the next, the verdict reports that instead.
    const isDelivered = preconditions.find(({ id }) => id === 'load-delivered')!.ok;
    for (const [row, name] of [
      [before, 'before'],
      [after, 'after'],
    ] as const) {
      const { sent } = load!.phases!.find((one) => one.name === name)!;
      expect(!isDelivered || Math.abs(row!.client!.samples - sent) <= 6, `${name}: ${row!.reason}`).toBe(
        true,
      );
    }
    expect(whole!.covered).toBeNull();
    expect(recovery!.covered).toBeNull();
    for (const row of [before, after]) {
      expect(row!.covered!.seconds).toBeGreaterThanOrEqual(3);
      expect(row!.covered!.seconds).toBeLessThanOrEqual(6);
    }
    expect(spike!.reason).toMatch(/spike|phase/);
  });
});

test('the bundle alone gives the same verdict byte by byte', async () => {
  const again = await slaHere(['verify', join(folder.path, 'latest'), '--offline', '--json']);
  expect(again.stdout).toBe(gated.stdout);
  expect(again.code).toBe(gated.code);
});
