import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judgedIn } from '../../slas/capacity/objectives.ts';
import { answerOf, nextOf, type StepOutcome, type StepSeen } from '../../slas/capacity/search.ts';
import { parseDocument } from '../../slas/document/document.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { SHIPPED_DOCUMENT } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import type { RunFolder } from '../runs/bundle.ts';
import { ROOT, temporaryFolder } from '../testing/sla.ts';
import { settingsOf } from './settings.ts';
import { prepareStep } from './step.ts';

/** No step of a search is refused once load was sent, however low its rate. A step with too few requests is undecided. */

const io: Io = {
  ...{ root: ROOT, project: ROOT, cwd: ROOT, isInstalled: false, env: process.env, colour: false },
  ...{ print: () => {}, progress: () => {}, signal: new AbortController().signal },
};
const noFolder = {} as RunFolder;
const SHIPPED = readFileSync(join(ROOT, SHIPPED_DOCUMENT), 'utf8');

function documentFrom(text: string): SlaDocument {
  const parsed = parseDocument(text);
  if (!parsed.ok) throw new Error(parsed.error[0]!.message);
  return parsed.value;
}

function settingsFor(document: SlaDocument, scenario: string) {
  const found = document.scenarios.find(({ name }) => name === scenario)!;
  const times = { budgetSeconds: 900, holdSeconds: 120 };
  return settingsOf(document, judgedIn(document, found), found.phases[0]!.ratePerSecond, times);
}

/** Prepares every step of a search in which all steps have the same outcome. */
async function searchWith(outcome: StepOutcome, text: string, scenario: string) {
  await using folder = await temporaryFolder();
  const sla = join(folder.path, 'my.yaml');
  await writeFile(sla, text);
  const settings = settingsFor(documentFrom(text), scenario);
  const log: StepSeen[] = [];
  for (;;) {
    const next = nextOf(settings, log);
    if ('answer' in next) return { log, answer: answerOf(settings, log)! };
    const { kind, ratePerSecond, maxSeconds } = next.run;
    const prepared = await prepareStep(next.run, { sla, scenario }, null, noFolder, io);
    expect(prepared, `${ratePerSecond}/s for ${maxSeconds} s`).toMatchObject({ ok: true });
    log.push({ kind, ratePerSecond, maxSeconds, outcome, tookSeconds: maxSeconds });
  }
}

const withoutThroughput = SHIPPED.replace(
  'rate: 25/s\n    duration: 60s',
  'rate: 25/s\n    duration: 60s\n    objectives: [latency-p95, latency-p99, error-rate]',
);

describe('the steps of a search', () => {
  test.each<[StepOutcome, string]>([
    ['missed', 'nothing-met'],
    ['undecided', 'undecided'],
  ])('that are all %s can be prepared down to the lowest rate', async (outcome, code) => {
    const { log, answer } = await searchWith(outcome, withoutThroughput, 'steady');
    expect(answer).toMatchObject({ ok: false, code });
    expect(log.length).toBeGreaterThan(2);
    if (outcome === 'missed') expect(Math.min(...log.map((one) => one.ratePerSecond))).toBeLessThan(3.2);
  });

  test('of a scenario with few requests can be prepared', async () => {
    const { log } = await searchWith('met', SHIPPED, 'batch');
    expect(log[0]).toMatchObject({ ratePerSecond: 6, maxSeconds: 20 });
  });
});

describe('the lowest rate of a search', () => {
  const lowest = (text: string, scenario: string) => settingsFor(documentFrom(text), scenario).minPerSecond;
  const named = SHIPPED.replace('  - id: throughput\n', '  - id: throughput\n    onlyWhereNamed: true\n');

  test('keeps a promised throughput that applies to the scenario', () => {
    expect(lowest(SHIPPED, 'steady')).toBeCloseTo(16.5, 9);
    const naming = named.replace(
      'rate: 25/s\n    duration: 60s',
      'rate: 25/s\n    duration: 60s\n    objectives: [latency-p95, throughput]',
    );
    expect(lowest(naming, 'steady')).toBeCloseTo(16.5, 9);
  });

  test('does not depend on a throughput that the scenario leaves out, or that is advisory', () => {
    expect(lowest(withoutThroughput, 'steady')).toBeCloseTo(25 / 16, 9);
    expect(lowest(named, 'steady')).toBeCloseTo(25 / 16, 9);
    const advisory = SHIPPED.replace('  - id: throughput\n', '  - id: throughput\n    advisory: true\n');
    expect(lowest(advisory, 'steady')).toBeCloseTo(25 / 16, 9);
  });
});
