import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { seeded } from '../../slas/simulation/queues.ts';
import { kubectl, tryKubectl } from '../kubernetes/testing/on-cluster.ts';
import { processesIn } from '../kubernetes/testing/pod-processes.ts';
import { readRun } from '../runs/bundle.ts';
import { KNOWN_SCRIPT, knownDocument } from '../selftest/at-limit/known-document.ts';
import { type KnownService, startKnownService } from '../selftest/at-limit/known-service.ts';
import { loadK6Image } from '../testing/k6-image.ts';
import { startScraping } from '../testing/scraping.ts';
import { type RunningSla, startSla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict, outcomesOf, preconditionOf } from '../testing/verdict.ts';

/**
 * `./sla gate --stack kubernetes --until-decided` with two load generators in pods, and a service whose every response is
 * known.
 */

const NAMESPACE = 'sla-decided-test';
const LOAD = { ratePerSecond: 30, maxSeconds: 45, atLeastSeconds: 20 };
const PLANNED = LOAD.ratePerSecond * LOAD.maxSeconds;
const LOOK_SECONDS = 20;
const STARTED = /k6-1 and k6-2 started in (\S+) and (\S+)/;
const PASSING = /stopping the load: every objective is met at the interim look after (\d+) s/;

const random = seeded(1);
const fast = () => ({ afterMs: 5 + 140 * random(), status: 200 });

let folder: TemporaryFolder;
let image: string;
let stages = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  image = await loadK6Image();
  await tryKubectl(['create', 'namespace', NAMESPACE]);
}, 300_000);

afterAll(async () => {
  await tryKubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
  await folder[Symbol.asyncDispose]();
});

interface Stage extends AsyncDisposable {
  readonly service: KnownService;
  readonly out: string;
  readonly gate: RunningSla;
}

async function openStage(treat: KnownService['treat']): Promise<Stage> {
  await using guard = new AsyncDisposableStack();
  const own = join(folder.path, `stage-${++stages}`);
  await mkdir(own);
  const [document, runner, out] = ['known.yaml', 'runner.yaml', 'runs'].map((name) => join(own, name)) as [
    string,
    string,
    string,
  ];
  const service = guard.use(await startKnownService(treat));
  const prometheus = guard.use(await startScraping(service.url, 'known', own));
  await writeFile(document, knownDocument(LOAD, true));
  const env = Object.entries(KNOWN_SCRIPT).map(([name, value]) => ({ name, value }));
  const settings = { image, imagePullPolicy: 'IfNotPresent', hostNetwork: true, env };
  await writeFile(runner, JSON.stringify(settings));
  const gate = startSla(
    [
      ...['gate', '--stack', 'kubernetes', '--namespace', NAMESPACE, '--runner', runner, '--generators', '2'],
      ...['--sla', document, '--until-decided', '--json', '--out', out],
      ...['--target', service.url, '--prometheus', prometheus.url],
    ],
    { env: KNOWN_SCRIPT },
  );
  const owned = guard.move();
  return { service, out, gate, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const loadOf = async ({ out }: Stage) => (await readRun(join(out, 'latest'))).run.load!;

/** The objects that the gate created for this run. */
async function left({ out }: Stage): Promise<string> {
  const { run } = await readRun(join(out, 'latest'));
  const label = `sla-harness/run=${run.id.slice(0, 63)}`;
  const kinds = 'jobs,pods,configmaps,secrets';
  return (await kubectl(['get', kinds, '--namespace', NAMESPACE, '-o', 'name', '-l', label])).trim();
}

describe.concurrent('a run until it is decided, with two load generators in a cluster', {
  timeout: 240_000,
}, () => {
  test('is stopped at the look that decides, passes with a complete record, and leaves nothing behind', async ({
    expect,
  }) => {
    await using stage = await openStage(fast);
    const done = await stage.gate.done;
    const verdict = expectVerdict(done, ({ verdict: own }) => expect(own, done.stderr).toBe('pass'));
    expect(done.code).toBe(0);
    expect(done.stderr).toMatch(PASSING);
    expect(verdict.sequential!.decidedAtSeconds).toBeLessThan(LOAD.maxSeconds);
    const load = await loadOf(stage);
    expect(load).toMatchObject({ lost: 0, failures: [], generator: { instances: 2 } });
    expect(load.sent).toBeLessThan(PLANNED);
    // Both load generators were stopped. The record contains all of their requests except those in flight.
    expect(stage.service.received - load.sent).toBeLessThanOrEqual(30);
    expect(await left(stage)).toBe('');
  });

  test('stops early and fails if every response is too slow', async ({ expect }) => {
    await using stage = await openStage(() => ({ afterMs: 600, status: 200 }));
    const done = await stage.gate.done;
    const verdict = expectVerdict(done);
    expect([done.code, outcomesOf(verdict)['latency-p95']], done.stderr).toEqual([1, 'missed']);
    expect(verdict.sequential!.decidedAtSeconds).toBe(LOOK_SECONDS);
    expect(await left(stage)).toBe('');
  });

  test('is not decided while the record of one load generator is missing', async ({ expect }) => {
    await using stage = await openStage(fast);
    const [, , second] = await stage.gate.seen(STARTED);
    const [reader] = await processesIn(NAMESPACE, second!, 'tail -c');
    process.kill(reader!, 'SIGSTOP');
    const resumesAt = (LOOK_SECONDS + 8) * LOAD.ratePerSecond;
    const { promise: isLate, resolve } = Promise.withResolvers<void>();
    stage.service.treat = (index) => {
      if (index === resumesAt) resolve();
      return fast();
    };
    let isLookedAt = false;
    const looked = stage.gate.seen('interim look after').then(() => {
      isLookedAt = true;
    });
    await isLate;
    expect(isLookedAt).toBe(false);
    process.kill(reader!, 'SIGCONT');
    await looked;
    const done = await stage.gate.done;
    const verdict = expectVerdict(done, ({ verdict: own }) => expect(own, done.stderr).toBe('pass'));
    expect(verdict.sequential!.decidedAtSeconds).not.toBeNull();
    expect(await loadOf(stage)).toMatchObject({ lost: 0, failures: [] });
  });

  test('is inconclusive if a load generator does not stop; the message names it, and the gate removes it', async ({
    expect,
  }) => {
    await using stage = await openStage(fast);
    const [, , second] = await stage.gate.seen(STARTED);
    const [k6] = await processesIn(NAMESPACE, second!, 'k6 run');
    await stage.gate.seen(PASSING);
    process.kill(k6!, 'SIGSTOP');
    const done = await stage.gate.done;
    const verdict = expectVerdict(done);
    expect([done.code, verdict.verdict], done.stderr).toEqual([3, 'inconclusive']);
    expect(JSON.stringify(verdict.preconditions)).toContain(
      `load generator k6-2 (pod ${second} on node kube-node) was lost: it did not stop when asked to`,
    );
    expect(await left(stage)).toBe('');
  });

  test('is inconclusive if a load generator is lost; the message names it', async ({ expect }) => {
    await using stage = await openStage(fast);
    const [, , second] = await stage.gate.seen(STARTED);
    const [k6] = await processesIn(NAMESPACE, second!, 'k6 run');
    const { promise: isNear, resolve } = Promise.withResolvers<void>();
    stage.service.treat = (index) => {
      if (index === (LOOK_SECONDS - 2) * LOAD.ratePerSecond) resolve();
      return fast();
    };
    await isNear;
    process.kill(k6!, 'SIGKILL');
    const done = await stage.gate.done;
    const verdict = expectVerdict(done);
    expect([done.code, verdict.verdict], done.stderr).toEqual([3, 'inconclusive']);
    const { reasons } = preconditionOf(verdict, 'nothing-died')!;
    const incidents = reasons.flatMap(({ params }) => ('incident' in params ? [params.incident] : []));
    expect(incidents).toContain(
      `load generator k6-2 (pod ${second} on node kube-node) was killed with SIGKILL`,
    );
    // The other load generator was stopped in the normal way, so its record is complete.
    expect(incidents.filter((incident) => String(incident).includes('k6-1'))).toEqual([]);
    expect(await left(stage)).toBe('');
  });
});
