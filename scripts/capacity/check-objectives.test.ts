import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Objective } from '../../slas/model/model.ts';
import { ROOT, slaHere, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { checkObjectives } from './check-objectives.ts';

/**
 * Searches that no overload could stop, and searches whose rates are too low, are refused before anything is sent. The
 * message names the document, its objectives and the next step.
 */

type Raw = Record<string, unknown>;
interface RawDocument extends Raw {
  objectives: (Raw & { id: string })[];
  scenarios: Record<string, Raw>;
}

let folder: TemporaryFolder;
let shipped: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  shipped = await readFile(join(ROOT, 'slas', 'documents', 'sentiment-api.yaml'), 'utf8');
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Runs `./sla capacity` with a changed copy of the shipped document. Alerting refers to objectives that may be missing. */
async function refused(change: (document: RawDocument) => void, ...args: string[]): Promise<string> {
  const document = parse(shipped) as RawDocument;
  delete document.alerting;
  change(document);
  const file = join(folder.path, 'changed.yaml');
  await writeFile(file, stringify(document));
  const out = join(folder.path, 'runs');
  const { code, stderr } = await slaHere(['capacity', '--sla', file, '--out', out, ...args]);
  expect(code, stderr).toBe(2);
  expect(existsSync(out), 'the folder of the search exists').toBe(false);
  return stderr.replaceAll(file, 'changed.yaml');
}

/** Steady is judged by all general objectives unless it names some. */
const naming =
  (...ids: string[]) =>
  ({ scenarios }: RawDocument) => {
    scenarios.steady!.objectives = ids;
  };
const advisory = (document: RawDocument, ...ids: string[]) => {
  for (const one of document.objectives) if (ids.includes(one.id)) one.advisory = true;
};
const waive = (document: RawDocument, until: string, ...ids: string[]) => {
  document.waivers = ids.map((objective) => ({ objective, owner: 'a', reason: 'b', until }));
};
const FAR = '2999-12-31';

describe('a search is refused if no objective could stop it', () => {
  test('because none applies', async () => {
    const problem = await refused((document) => {
      document.objectives = [];
      document.scenarios = { steady: { script: 'loadtests/single-texts.ts', rate: '25/s', duration: '60s' } };
    });
    expect(problem).toContain(
      'changed.yaml: the document has no objectives, so any rate would pass: add one',
    );
  });

  test('because none applies to a script', async () => {
    const script = join(folder.path, 'test.js');
    await writeFile(script, 'export default function () {}\n');
    const named = (document: RawDocument) => {
      for (const one of document.objectives) one.onlyWhereNamed = true;
    };
    expect(await refused(named, '--script', script)).toMatch(
      /no objective of the document \(latency-p95, .*\) applies to the script .*, so any rate would pass: add one without onlyWhereNamed/,
    );
  });

  test('because all are advisory or waived', async () => {
    const problem = await refused((document) => {
      naming('latency-p95', 'error-rate')(document);
      advisory(document, 'latency-p95');
      waive(document, FAR, 'error-rate');
    });
    expect(problem).toContain(
      `no objective of scenario "steady" is decisive: latency-p95 (advisory), error-rate (waived until ${FAR}). A search needs at least one: remove \`advisory\`, or the waiver`,
    );
  });

  test('because an overloaded service still meets those that decide', async () => {
    expect(await refused(naming('throughput', 'model-uptime', 'confidence'))).toContain(
      'an overloaded service would still meet every decisive objective of scenario "steady" (throughput, model-uptime, confidence), so a search would find no limit: add an objective for the latency or the errors',
    );
    const waived = await refused((document) => {
      naming('latency-p95', 'model-uptime')(document);
      waive(document, FAR, 'latency-p95');
    });
    expect(waived).toContain(`or the waiver, from latency-p95 (waived until ${FAR})`);
  });
});

test('whether a metric other than latencies and errors limits the load is unknown, so the search says what it assumes', () => {
  const of = (kind: string, comparison: string, more = {}) =>
    ({ id: kind, measure: { kind, ...more }, target: { comparison, value: 5 } }) as unknown as Objective;
  const said: string[] = [];
  const load = { name: 'scenario "steady"', path: 'scenarios.steady', file: 'my.yaml', objectives: [] };
  const check = (...objectives: Objective[]) =>
    checkObjectives(objectives, load, 0, { progress: (line) => said.push(line) }).ok;
  expect(check(of('peak', '<'), of('uptime', '>='))).toBe(true);
  expect(said).toEqual([expect.stringContaining('load can make the service miss peak:')]);
  expect(check(of('peak', '<'), of('mean', '<', { unit: 'seconds' }))).toBe(true);
  expect(said).toHaveLength(1);
  expect(check(of('peak', '>'))).toBe(false);
});

test('an objective whose waiver has expired decides', () => {
  const waiver = { owner: 'a', reason: 'b', until: '2026-01-01', endsAtSeconds: 100 };
  const target = { comparison: '<', value: 1 };
  const waived = { id: 'p95', measure: { kind: 'latency' }, target, waiver } as unknown as Objective;
  const load = { name: 'scenario "steady"', path: 'scenarios.steady', file: 'my.yaml', objectives: [] };
  const at = (seconds: number) => checkObjectives([waived], load, seconds, { progress: () => {} }).ok;
  expect([at(99), at(100)]).toEqual([false, true]);
});

describe('a maximum rate that is below a promised throughput is named', () => {
  test('if it is the option', async () => {
    expect(await refused(() => {}, '--max-rate', '10/s')).toContain(
      '--max-rate: 10/s is the highest rate that may be sent, and at that rate throughput "> 15/s" cannot be met: allow a higher rate than 15/s',
    );
  });

  test('if it is that of the document', async () => {
    const limited = (document: RawDocument) => {
      document.service = { ...(document.service as Raw), maxRate: '10/s' };
    };
    const there = ['--target', 'http://127.0.0.1:1', '--prometheus', 'http://127.0.0.1:2'];
    expect(await refused(limited, ...there)).toContain(
      'changed.yaml: service.maxRate: 10/s is the highest rate',
    );
  });

  test('but not if the rate of the scenario itself is too low', async () => {
    const slow = ({ scenarios }: RawDocument) => {
      scenarios.steady!.rate = '10/s';
    };
    expect(await refused(slow, '--max-rate', '5/s')).toContain(
      'changed.yaml: scenario "steady" sends 10/s: throughput "> 15/s" cannot be met; raise the rate',
    );
  });
});

test('a scenario that is too slow for the longest run of a search is refused with a hold that is long enough', async () => {
  const slow = (document: RawDocument) => {
    naming('latency-p95', 'error-rate')(document);
    document.scenarios.steady!.rate = '0.5/s';
  };
  const problem = await refused(slow);
  expect(problem).toContain(
    'scenario "steady" begins at 0.5/s, and at that rate the longest run of this search (300 s) has 150 requests: objective "error-rate" needs 299. Next: use a scenario with at least 1/s, or longer holds (--hold 4m --budget 20m)',
  );
  // The suggested hold is enough: the next check is that of the target.
  const far = ['--target', 'http://10.0.0.1', '--prometheus', 'http://127.0.0.1:2'];
  const longer = await refused(slow, '--hold', '4m', '--budget', '20m', ...far);
  expect(longer).toContain('is not allowed: load is sent to this machine only');
});
