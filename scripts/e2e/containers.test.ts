import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, findEngine, PART_LABEL, STACK_LABEL } from '../stack/containers/engine.ts';
import { sla, startSla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict, objectiveOf } from '../testing/verdict.ts';

/**
 * The gate with each part in a container. Without a container engine these tests fail instead of passing silently;
 * SLA_SKIP_CONTAINERS=1 skips them, and ./sla test reports that.
 */
const IN_CONTAINERS = ['--stack', 'containers', '--scenario', 'smoke', '--rate', '30', '--duration', '12s'];
/** Images may have to be built first: a Debian base, npm packages, and the tools with Go. */
const WITH_BUILDS_MS = 20 * 60_000;
const GATE_MS = 3 * 60_000;

describe.skipIf(process.env.SLA_SKIP_CONTAINERS === '1')('a stack in containers', () => {
  let engine: Engine;
  let folder: TemporaryFolder;
  /** Containers of unrelated stacks. */
  let before: readonly string[];

  beforeAll(async () => {
    engine = await findEngine();
    before = await left(engine);
    folder = await temporaryFolder();
  });
  afterAll(async () => {
    await folder?.[Symbol.asyncDispose]();
    expect(await left(engine)).toEqual(before);
  });

  const gate = (...args: string[]) => startSla(['gate', ...IN_CONTAINERS, '--out', folder.path, ...args]);

  test(
    'passes with a healthy service, and leaves only its logs behind',
    async () => {
      const done = await gate('--json').done;
      expectVerdict(done, ({ objectives }) => {
        expect(objectives.map(({ verdict }) => verdict)).toEqual(Array(6).fill('met'));
        expect(done.code, done.stderr).toBe(0);
      });
      const run = join(folder.path, 'latest');
      const logs = await readdir(join(run, 'logs'));
      expect(logs).toEqual(
        expect.arrayContaining(['service.log', 'prometheus.log', 'alertmanager.log', 'k6.log']),
      );
      expect(await readFile(join(run, 'logs', 'service.log'), 'utf8')).toContain('"msg":"listening"');
      const { images } = JSON.parse(await readFile(join(run, 'environment.json'), 'utf8'));
      for (const { digest } of images) expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(await left(engine)).toEqual(before);
      // A bundle gives the same verdict wherever its run was made.
      const again = await sla(['verify', run, '--json']);
      expect(again.stdout).toBe(done.stdout);
    },
    WITH_BUILDS_MS,
  );

  test(
    'with a 300 ms network delay, the client reports a miss and the service does not',
    async () => {
      const { code, stdout, stderr } = await gate('--toxic', 'latency=300ms', '--no-abort').done;
      const stored = await readFile(join(folder.path, 'latest', 'verdict.json'), 'utf8');
      expectVerdict({ code, stdout: stored, stderr }, (verdict) => {
        const { client, reason, verdict: own } = objectiveOf(verdict, 'latency-p95');
        expect(own).toBe('missed');
        expect(client!.value).toBeGreaterThan(0.3);
        const [, fast, all] = /^(\d+) of (\d+) successful responses took 200 ms or less/.exec(reason)!;
        expect(Number(fast) / Number(all), 'by the clock of the service').toBeGreaterThan(0.95);
        expect(code, stderr).toBe(1);
        expect(stdout).toContain('spent that time between client and service');
      });
    },
    WITH_BUILDS_MS,
  );

  test(
    'does not pass if the service is paused for 3 s',
    async () => {
      const running = gate('--no-abort');
      await running.seen(/loading http/);
      const [service] = await containers(engine, 'service');
      const handle = engine.getContainer(service!.Id);
      await handle.pause();
      // This pause is the injected fault; the test does not wait for an event.
      await sleep(3_000);
      await handle.unpause();
      const { code, stderr } = await running.done;
      expect([1, 3], stderr).toContain(code);
    },
    GATE_MS,
  );

  test(
    'a failing container shows its last log lines, and nothing is left behind',
    async () => {
      const run = await sla(['gate', ...IN_CONTAINERS, '--out', folder.path], {
        env: { MAX_TEXT_CHARS: 'many' },
      });
      expect(run.code).toBe(4);
      expect(run.stderr).toContain('the container of service');
      expect(run.stderr).toMatch(/MAX_TEXT_CHARS: .*many/);
      expect(await left(engine)).toEqual(before);
    },
    GATE_MS,
  );

  test.each(['starting', 'loading http'])(
    'Ctrl-C after the gate printed "%s" leaves no container and no network',
    async (when) => {
      const running = gate();
      await running.seen(new RegExp(when));
      running.child.kill('SIGINT');
      const { code, stderr } = await running.done;
      expect(code, stderr).toBe(130);
      expect(await left(engine)).toEqual(before);
    },
    GATE_MS,
  );

  test(
    'a killed harness leaves no container and no network',
    async () => {
      const running = gate();
      await running.seen(/loading http/);
      running.child.kill('SIGKILL');
      await running.done;
      await expect.poll(() => left(engine), { timeout: 30_000, interval: 250 }).toEqual(before);
    },
    GATE_MS,
  );
});

const labelled = (label: string) => ({ all: true, filters: { label: [label] } });
const containers = (engine: Engine, part: string) => engine.listContainers(labelled(`${PART_LABEL}=${part}`));

/** Names of containers and networks that stacks left behind. */
async function left(engine: Engine): Promise<string[]> {
  const [running, networks] = await Promise.all([
    engine.listContainers(labelled(STACK_LABEL)),
    engine.listNetworks(labelled(STACK_LABEL)),
  ]);
  return [...running.flatMap(({ Names }) => Names), ...networks.map(({ Name }) => Name)];
}
