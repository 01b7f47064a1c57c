import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { VerdictDocument } from '../../slas/render/json.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import { expectCleanInterrupt } from '../testing/interrupt.ts';
import { SKIPS_LONG } from '../testing/long.ts';
import { underLoad } from '../testing/service-counts.ts';
import {
  isAlive,
  ROOT,
  type RunningSla,
  sla,
  startSla,
  type TemporaryFolder,
  temporaryFolder,
} from '../testing/sla.ts';
import { writeTolerantDocument } from '../testing/tolerant-document.ts';
import { expectVerdict, objectiveOf, outcomesOf, preconditionOf } from '../testing/verdict.ts';

/** Gates that are interrupted. The service's speed does not matter here, so several run at the same time. */

const SHORT = ['--scenario', 'smoke', '--rate', '30', '--duration', '12s'];
let documents: TemporaryFolder;
let document: string;
/**
 * Options for loads that are interrupted early. They leave out the warm-up, which needs a third of the CPU time of a
 * short gate.
 */
let cold: readonly string[];

beforeAll(async () => {
  documents = await temporaryFolder();
  document = await writeTolerantDocument(documents.path, (text) =>
    text.replace(/\n {2}warmUp:\n(?: {4}.*\n)+/, '\n'),
  );
  cold = [...SHORT, '--sla', document];
});
afterAll(() => documents[Symbol.asyncDispose]());

describe('a run that can no longer pass', () => {
  test('is stopped, and fails', async () => {
    await using folder = await temporaryFolder();
    const args = ['gate', '--sla', document, '--out', folder.path, '--faults', 'errors=20%', '--json'];
    const done = await sla(args);
    expectVerdict(done, (verdict) => {
      expect(outcomesOf(verdict)).toMatchObject({ 'error-rate': 'missed', 'latency-p95': 'undecided' });
      const { reason, value, samples } = objectiveOf(verdict, 'error-rate');
      expect(reason).toContain('the result is certain, although');
      // Our stop interrupted the requests in flight; they are not errors of the service.
      expect(value).toBeCloseTo(0.2, 1);
      // 15 errors of the planned 1,500 requests exceed the budget. The 75th request is the 15th error; k6 checks every 2 s.
      expect(samples).toBeLessThan(750);
      expect(done.code).toBe(1);
    });
  });
});

describe('a process that dies during the load is evidence', () => {
  async function gateLosing(
    commandLine: string,
    check: (verdict: VerdictDocument, code: number | null) => void,
  ): Promise<void> {
    await using folder = await temporaryFolder();
    const gate = startSla(['gate', ...cold, '--out', folder.path, '--json']);
    // At 30 requests per second, k6 has been running for 2 of its 12 s.
    await underLoad(gate, 60);
    const victims = gate.children(commandLine);
    expect(victims).toHaveLength(1);
    process.kill(victims[0]!, 'SIGKILL');
    const done = await gate.done;
    expectVerdict(done, (verdict) => check(verdict, done.code));
  }

  test('a dead Prometheus makes the run inconclusive', () =>
    gateLosing('--config.file', (verdict, code) => {
      expect(new Set(Object.values(outcomesOf(verdict)))).toEqual(new Set(['undecided']));
      expect(preconditionOf(verdict, 'nothing-died')).toMatchObject({ ok: false });
      expect(code).toBe(3);
    }));

  test.concurrent('a dead service exceeds the error rate with its unanswered requests', () =>
    gateLosing('service/server.ts', (verdict, code) => {
      expect(outcomesOf(verdict)).toMatchObject({
        'error-rate': 'missed',
        'latency-p95': 'missed',
        throughput: 'undecided',
      });
      expect(code).toBe(1);
    }));

  test('a dead k6 makes the run inconclusive', () =>
    gateLosing('single-texts.ts', (verdict, code) => {
      expect(preconditionOf(verdict, 'load-delivered')).toMatchObject({ ok: false });
      expect(code).toBe(3);
    }));
});

describe.concurrent('Ctrl-C', () => {
  const moments: Readonly<Record<string, (gate: RunningSla) => Promise<unknown>>> = {
    'starting the service': (gate) => gate.seen('starting the service'),
    'warming up': (gate) => gate.seen('warming up'),
    'loading http': (gate) => gate.seen('loading http'),
    'the load': underLoad,
  };

  const included = Object.entries(moments).filter(([moment]) => !SKIPS_LONG || moment === 'the load');

  test.for(included)('during "%s" leaves nothing behind', async ([moment, until], { expect }) => {
    await using folder = await temporaryFolder();
    const load = moment === 'warming up' ? SHORT : cold;
    const gate = startSla(['gate', ...load, '--out', folder.path]);
    await until(gate);
    await expectCleanInterrupt(gate, expect);
    // Prometheus's data is also removed; everything reported so far stays.
    const logs = await readdir(join(folder.path, 'latest', 'logs'));
    expect(logs).not.toContain('prometheus-data');
  });
});

test('a killed harness leaves no child processes', async () => {
  await using folder = await temporaryFolder();
  const gate = startSla(['gate', ...cold, '--out', folder.path]);
  await underLoad(gate);
  // The service, Prometheus and k6. The watchdog exits by itself.
  const parts = ['service/server.ts', '--config.file', 'single-texts.ts'];
  const children = parts.flatMap((commandLine) => gate.children(commandLine));
  expect(children).toHaveLength(3);
  gate.child.kill('SIGKILL');
  await gate.done;
  await expect.poll(() => children.filter(isAlive), { timeout: 20_000 }).toEqual([]);
});

describe('a run that cannot start is a harness failure', () => {
  test('a scenario whose script k6 cannot run', async () => {
    await using folder = await temporaryFolder();
    const document = join(folder.path, 'sla.yaml');
    const shipped = await readFile(join(ROOT, SHIPPED_DOCUMENT), 'utf8');
    // A k6 module that is not a script: it exports no function to run.
    await writeFile(document, shipped.replaceAll('loadtests/single-texts.ts', 'loadtests/lib/load.ts'));
    const args = ['--sla', document, '--scenario', 'smoke', '--out', folder.path];
    const { code, stderr } = await sla(['gate', ...args]);
    expect(stderr).toContain('k6 cannot run loadtests/lib/load.ts');
    expect(code).toBe(4);
  });

  test('a run folder that cannot be created', async () => {
    const { code, stderr } = await sla(['gate', '--out', '/dev/null/runs']);
    expect(stderr).toContain('/dev/null/runs');
    expect(stderr).toContain('--out DIR');
    expect(code).toBe(4);
    expect(existsSync('/dev/null/runs')).toBe(false);
  });
});
