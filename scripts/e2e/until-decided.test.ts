import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { allResponses } from '../../slas/client/requests.ts';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { seeded } from '../../slas/simulation/queues.ts';
import type { Running } from '../process/processes.ts';
import { readRun } from '../runs/bundle.ts';
import { KNOWN_SCRIPT, knownDocument } from '../selftest/at-limit/known-document.ts';
import { type KnownService, startKnownService } from '../selftest/at-limit/known-service.ts';
import { expectCleanInterrupt } from '../testing/interrupt.ts';
import { SKIPS_LONG } from '../testing/long.ts';
import { startScraping } from '../testing/scraping.ts';
import { type RunningSla, sla, startSla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict, outcomesOf, preconditionOf } from '../testing/verdict.ts';

/** Runs that last until they are decided, with k6, Prometheus and a service whose every response is known. */

const LOAD = { ratePerSecond: 30, maxSeconds: 45, atLeastSeconds: 20 };
const PLANNED = LOAD.ratePerSecond * LOAD.maxSeconds;
/** The time of the first look. */
const LOOK_SECONDS = 20;
/** The number of the request that is sent at this time; arrivals are evenly spaced. */
const sentAt = (seconds: number) => seconds * LOAD.ratePerSecond;

/**
 * Far below the limit. Latencies vary by more than the delays of this machine, which come in clusters. If these
 * delays were the only variation, their design effect would leave every objective undecided in such a short run.
 */
const random = seeded(1);
const fast = () => ({ afterMs: 5 + 140 * random(), status: 200 });
const SLOW = { afterMs: 600, status: 200 };
const FAILED = { afterMs: 20, status: 503 };
const HANGING = { afterMs: 0, status: null };

let folder: TemporaryFolder;
let stages = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

interface Stage extends AsyncDisposable {
  readonly service: KnownService;
  readonly prometheus: Running;
  readonly out: string;
  gate(): RunningSla;
}

async function openStage(treat: KnownService['treat']): Promise<Stage> {
  await using guard = new AsyncDisposableStack();
  const own = join(folder.path, `stage-${++stages}`);
  await mkdir(own);
  const service = guard.use(await startKnownService(treat));
  const prometheus = guard.use(await startScraping(service.url, 'known', own));
  const document = join(own, 'known.yaml');
  await writeFile(document, knownDocument(LOAD, true));
  const owned = guard.move();
  const out = join(own, 'runs');
  return {
    ...{ service, prometheus, out },
    gate: () =>
      startSla(
        [
          ...['gate', '--sla', document, '--json', '--out', out],
          ...['--target', service.url, '--prometheus', prometheus.url],
        ],
        { env: KNOWN_SCRIPT },
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Runs a complete gate against a service with this behaviour. */
async function gated(
  treat: KnownService['treat'],
  check: (verdict: VerdictDocument, code: number | null) => void,
): Promise<{ readonly stage: Stage; readonly stderr: string }> {
  const stage = await openStage(treat);
  await using _ = stage;
  const done = await stage.gate().done;
  expectVerdict(done, (verdict) => check(verdict, done.code));
  return { stage, stderr: done.stderr };
}

/** The looks of a run, for the message of a failed check. */
const looksOf = ({ sequential }: VerdictDocument) => JSON.stringify(sequential);

const loadOf = async ({ out }: Stage) => (await readRun(join(out, 'latest'))).run.load!;
const everyRequestAt = (seconds: number) => (index: number) => index >= sentAt(seconds);

// ---------------------------------------------------------------------------------------------- clear cases

describe.concurrent('a run that lasts until it is decided', { timeout: 240_000 }, () => {
  test('stops early and passes if the service is far better than promised; the stored run gives the same verdict', async ({
    expect,
  }) => {
    const { stage, stderr } = await gated(fast, (verdict, code) => {
      expect([code, verdict.verdict], looksOf(verdict)).toEqual([0, 'pass']);
      expect(verdict.sequential!.decidedAtSeconds).toBeLessThan(LOAD.maxSeconds);
    });
    expect(stderr).toMatch(/stopping the load: every objective is met at the interim look after \d+ s/);
    const load = await loadOf(stage);
    expect(load.sent).toBeLessThan(0.9 * PLANNED);
    const run = join(stage.out, 'latest');
    const { code, stdout, stderr: notes } = await sla(['verify', run, '--offline', '--json']);
    expect([code, notes]).toEqual([0, '']);
    expect(stdout).toBe(await readFile(join(run, 'verdict.json'), 'utf8'));
  });

  test('stops early and fails if every response is over the limit; requests that the stop cut off are not errors', async ({
    expect,
  }) => {
    const { stage } = await gated(
      () => SLOW,
      (verdict, code) => {
        expect([code, outcomesOf(verdict)['latency-p95']]).toEqual([1, 'missed']);
        expect(outcomesOf(verdict)['error-rate']).not.toBe('missed');
        expect(verdict.sequential!.decidedAtSeconds).toBe(LOOK_SECONDS);
        expect(preconditionOf(verdict, 'script-succeeded')?.ok).not.toBe(false);
      },
    );
    const load = await loadOf(stage);
    expect(load.decidedAtSeconds).toBe(LOOK_SECONDS);
    expect(load.lost).toBe(0);
    expect(load.sent).toBe(allResponses(load));
    expect(load.interruptedIterations).toBeUndefined();
    // About 18 requests were in flight when the load was stopped. All others are in the record.
    expect(stage.service.received - load.sent).toBeLessThanOrEqual(30);
  });

  test.skipIf(SKIPS_LONG)('stops early and fails in a burst of errors', async ({ expect }) => {
    const burst = (index: number) => (index >= sentAt(8) && index % 10 < 4 ? FAILED : fast());
    const { stage } = await gated(burst, (verdict, code) => {
      expect([code, outcomesOf(verdict)['error-rate']]).toEqual([1, 'missed']);
      expect(verdict.sequential!.decidedAtSeconds).toBeLessThan(LOAD.maxSeconds);
    });
    expect((await loadOf(stage)).answered['5xx']).toBeGreaterThan(50);
  });

  test.skipIf(SKIPS_LONG)(
    'runs to its maximum duration and is undecided if the service is exactly at its limit',
    async ({ expect }) => {
      const { stage } = await gated(
        (index) => (index % 20 === 7 ? SLOW : fast()),
        (verdict, code) => {
          expect([code, verdict.verdict]).toEqual([3, 'inconclusive']);
          expect(verdict.sequential!.decidedAtSeconds).toBeNull();
          expect(outcomesOf(verdict)['latency-p95']).toBe('undecided');
        },
      );
      const load = await loadOf(stage);
      expect(load).toMatchObject({ completed: true, sent: PLANNED });
      expect(load.decidedAtSeconds).toBeUndefined();
    },
  );
});

// ---------------------------------------------------------------------------------------------- what could deceive a look

describe.skipIf(SKIPS_LONG).concurrent('a look is not misled by', { timeout: 240_000 }, () => {
  test('a service that stops responding in the second before the look', async ({ expect }) => {
    // The outage is short, because otherwise the guard for existing services would stop the load.
    const isDown = (index: number) => index >= sentAt(LOOK_SECONDS - 1) && index < sentAt(LOOK_SECONDS + 1);
    await gated(
      (index) => (isDown(index) ? HANGING : fast()),
      (verdict, code) => {
        // 30 of the 600 requests sent by then are exactly 5%.
        expect(verdict.sequential!.looks[0]).toMatchObject({
          atSeconds: LOOK_SECONDS,
          verdict: 'inconclusive',
        });
        expect([code, verdict.verdict]).toEqual([3, 'inconclusive']);
      },
    );
  });

  test('a missing scrape, so the next look decides', async ({ expect }) => {
    await using stage = await openStage((index) => {
      stage.service.isScrapable = index < sentAt(LOOK_SECONDS - 3) || index > sentAt(LOOK_SECONDS + 4);
      return fast();
    });
    const done = await stage.gate().done;
    expectVerdict(done, ({ verdict, sequential }) => {
      const [first] = sequential!.looks;
      expect(first).toMatchObject({ atSeconds: LOOK_SECONDS, verdict: 'inconclusive' });
      expect(sequential!.decidedAtSeconds).not.toBe(LOOK_SECONDS);
      expect([done.code, verdict], JSON.stringify(sequential)).toEqual([0, 'pass']);
    });
  });

  test('a Prometheus that died since the previous look', async ({ expect }) => {
    await using stage = await openStage((index) => {
      if (index === sentAt(LOOK_SECONDS - 5)) process.kill(stage.prometheus.pid, 'SIGKILL');
      return fast();
    });
    const done = await stage.gate().done;
    expectVerdict(done, (verdict) => {
      expect([done.code, verdict.verdict]).toEqual([3, 'inconclusive']);
      expect(preconditionOf(verdict, 'prometheus-answered')).toMatchObject({ ok: false });
    });
    expect((await loadOf(stage)).sent).toBe(PLANNED);
  });

  test('a service that becomes slow after the look: the verdict says how rare such an event can be', async ({
    expect,
  }) => {
    const isLater = everyRequestAt(LOAD.maxSeconds - 5);
    await gated(
      (index) => (isLater(index) ? SLOW : fast()),
      (verdict, code) => {
        expect([code, verdict.verdict], looksOf(verdict)).toEqual([0, 'pass']);
        expect(verdict.sequential!.decidedAtSeconds).toBeLessThan(LOAD.maxSeconds - 5);
      },
    );
  });
});

// ---------------------------------------------------------------------------------------------- interrupted

test.concurrent('Ctrl-C during a look leaves nothing behind', { timeout: 240_000 }, async ({ expect }) => {
  const { promise: halted, resolve: halt } = Promise.withResolvers<void>();
  await using stage = await openStage((index) => {
    // A Prometheus that does not respond delays the look.
    if (index === sentAt(LOOK_SECONDS - 2)) process.kill(stage.prometheus.pid, 'SIGSTOP');
    if (index === sentAt(LOOK_SECONDS + 5)) halt();
    return fast();
  });
  const gate = stage.gate();
  await Promise.race([halted, gate.done]);
  await expectCleanInterrupt(gate, expect);
  process.kill(stage.prometheus.pid, 'SIGCONT');
});
