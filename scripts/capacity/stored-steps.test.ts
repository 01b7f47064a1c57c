import { rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StepRecord } from '../../slas/capacity/record.ts';
import { toJson } from '../runs/bundle.ts';
import {
  type Change,
  finishedSearch,
  resumed,
  withAsked,
  withFigures,
  withSettings,
  withStep,
} from './altered-search.ts';
import { CAPACITY_FILES } from './storage.ts';
import { FINISHED, HOLD, type MadeStep, MISS, makeSearch } from './test-search.ts';

/** The record of a search is refused if its runs, or the SLA document, contradict it. */

const search = finishedSearch({ cores: availableParallelism() });
const { altered } = search;

const without =
  (name: keyof StepRecord): Change =>
  (record) => ({
    ...record,
    steps: record.steps.map(({ [name]: _, ...others }) => others),
  });

describe('a record that its runs contradict is refused', () => {
  test.each<[string, Change, string]>([
    [
      'a missed step as met',
      withStep(MISS, { outcome: 'met', missed: [] }),
      'step at 438/s (2 of 3): the record says outcome met, but its stored run gives missed',
    ],
    [
      'a missed step as a hold that was met',
      withStep(MISS, { kind: 'hold', outcome: 'met', missed: [] }),
      'hold at 438/s (2 of 3): a hold of this search lasts at least 120 s, and its run was planned for 60 s',
    ],
    [
      'a short step as a hold',
      withStep(0, { kind: 'hold' }),
      'hold at 100/s (1 of 3): a hold of this search lasts at least',
    ],
    [
      'another rate of the hold',
      withStep(HOLD, { ratePerSecond: 430 }),
      'hold at 430/s (3 of 3): its run was planned at 425/s, not at 430/s',
    ],
    [
      'a shorter hold',
      withStep(HOLD, { maxSeconds: 1 }),
      'hold at 425/s (3 of 3): its run was planned for 120 s, not for 1 s',
    ],
    [
      'a proven rate above a missed one',
      withStep(HOLD, { ratePerSecond: 900 }),
      'hold at 900/s (3 of 3): it was met, although step at 438/s (2 of 3) was missed',
    ],
    ['a hold without a run', withStep(HOLD, { run: null }), 'it has results, but names no run'],
    [
      'a hold without figures',
      withStep(HOLD, { figures: null }),
      'it has a run, but no verdict or no figures',
    ],
    [
      'a run that counts twice',
      (record) => ({ ...record, steps: [...record.steps, record.steps[HOLD]!] }),
      'its run is also the run of another step',
    ],
    [
      'a step that was removed',
      (record) => ({ ...record, steps: [record.steps[0]!, record.steps[HOLD]!] }),
      `steps/2026-11-30T03-00-01Z-steady-0001 contains a complete run, and no step of the record names it`,
    ],
    [
      'a run of another step',
      withStep(HOLD, { run: '2026-11-30T03-00-09Z-steady-0009' }),
      'its run folder steps/2026-11-30T03-00-09Z-steady-0009 is missing',
    ],
    [
      'more requests',
      withFigures(HOLD, { sent: 99_999 }),
      'the record says sent 99999, but its stored run gives 51000',
    ],
    ['another verdict', withStep(HOLD, { verdict: 'inconclusive' }), 'the record says verdict inconclusive'],
    [
      'an exempt objective',
      withStep(HOLD, { decisive: 2 }),
      'the record says decisive 2, but its stored run gives nothing',
    ],
    [
      'a load that is further from the limit',
      withStep(MISS, { near: { used: 1, budget: 0.05, independent: 100, seconds: 60 } }),
      'step at 438/s (2 of 3): the record has another value of near than its stored run gives',
    ],
    [
      'more throughput',
      (record) =>
        withFigures(HOLD, { client: { ...record.steps[HOLD]!.figures!.client, successesPerSecond: 900 } })(
          record,
        ),
      'the record has another value of client than its stored run gives',
    ],
    [
      'less CPU',
      withFigures(HOLD, { resources: [{ name: 'cpu', value: 0.1 }] }),
      'the record has another value of resources than its stored run gives',
    ],
    [
      'more replicas',
      (record) => ({ ...record, replicas: 3 }),
      'replicas: the record says 3, but 1 were scraped',
    ],
    [
      'another confidence',
      withSettings({ confidence: 0.9999 }),
      'settings.confidence: it is 0.95 in the document, not 0.9999',
    ],
    ['shorter holds', withSettings({ holdSeconds: 1 }), 'is not a valid duration for a hold'],
    ['no start rate', withSettings({ startPerSecond: 1 }), 'startPerSecond is not between'],
    ['another scenario', withAsked({ scenario: 'soak' }), 'its run sent the scenario steady, not soak'],
    [
      'a scenario with several rates',
      withAsked({ scenario: 'spike' }),
      'asked.scenario: scenario "spike" has',
    ],
    ['no such scenario', withAsked({ scenario: 'nope' }), 'asked.scenario: there is no scenario "nope"'],
    [
      'another SLA',
      (record) => ({ ...record, sla: 'other' }),
      'sla: it is sentiment-api in the document, not other',
    ],
  ])('%s', async (_, change, message) => {
    const path = await altered(change);
    const { code, stderr } = await resumed(path);
    expect(stderr).toContain(message);
    expect(stderr).toContain('start a new search');
    expect(code).toBe(2);
  });

  test('a hold that was undecided as met', async () => {
    const late: readonly MadeStep[] = [
      ...FINISHED.slice(0, 2),
      { kind: 'hold', ratePerSecond: 425, seconds: 120, slow: 0.05 },
    ];
    const { path, record } = await makeSearch(join(search.folder.path, 'undecided'), late);
    expect(record.steps[HOLD]).toMatchObject({ outcome: 'undecided', verdict: 'inconclusive' });
    const change = withStep(HOLD, { outcome: 'met' });
    await writeFile(join(path, CAPACITY_FILES.record), toJson(change(record)));
    const { code, stderr } = await resumed(path);
    expect(stderr).toContain(
      'hold at 425/s (3 of 3): the record says outcome met, but its stored run gives undecided',
    );
    expect(code).toBe(2);
  });

  test('a hold after others that did not pass needs a higher confidence than a first one', async () => {
    const { path, record } = await makeSearch(join(search.folder.path, 'confidence'), [
      ...FINISHED.slice(0, 2),
      { kind: 'hold', ratePerSecond: 425, seconds: 120 },
    ]);
    const earlier = { kind: 'hold', ratePerSecond: 430, outcome: 'invalid', because: 'interrupted' };
    const nothing = { run: null, verdict: null, missed: [], broken: [], loadedSeconds: 0, figures: null };
    const [first, miss, hold] = record.steps;
    const steps = [first, miss, { ...earlier, ...nothing, maxSeconds: 120, tookSeconds: 0 }, hold];
    await writeFile(join(path, CAPACITY_FILES.record), toJson({ ...record, steps }));
    const { code, stderr } = await resumed(path);
    expect(stderr).toContain('its run was judged at 0.975 confidence, and it counts as met only at 0.9875');
    expect(code).toBe(2);
  });

  test.each<[string, (path: string, run: string) => Promise<unknown>, string]>([
    [
      'no folder of steps',
      (path) => rm(join(path, 'steps'), { recursive: true }),
      'step at 100/s (1 of 3): its run folder',
    ],
    [
      'an altered verdict',
      (path, run) => writeFile(join(path, 'steps', run, 'verdict.json'), '{}'),
      'verdict.json does not match the seal',
    ],
    [
      'an unsealed run',
      (path, run) => rm(join(path, 'steps', run, 'manifest.json')),
      'manifest.json does not match the seal: it is missing',
    ],
  ])('%s', async (_, damage, message) => {
    const path = await altered();
    await damage(path, search.made.record.steps[HOLD]!.run!);
    const { code, stderr } = await resumed(path);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe('a record with a damaged field is refused, and not reported as a bug', () => {
  test.each<[string, Change, string]>([
    ['replicas 0', (record) => ({ ...record, replicas: 0 }), 'replicas: must be >= 1'],
    ['replicas "x"', (record) => ({ ...record, replicas: 'x' }), 'replicas: must be integer'],
    ['headroom 1', withAsked({ headroom: 1 }), 'asked.headroom: must be <= 0.9'],
    ['no headroom', withAsked({ headroom: undefined }), 'asked: must have required properties headroom'],
    ['a target rate "x"', withAsked({ targetPerSecond: 'x' }), 'asked.targetPerSecond: must be number'],
    ['sla 5', withAsked({ sla: 5 }), 'asked.sla: must be string'],
    ['variant null', withAsked({ variant: null }), 'asked.variant: must be object'],
    [
      'variant PATH',
      withAsked({ variant: { name: 'PATH', value: '1' } }),
      'the variant of the search is not valid',
    ],
    [
      'exclude 7',
      withAsked({ history: { url: 'http://127.0.0.1', weeks: 1, exclude: 7 } }),
      'asked.history.exclude: must be array',
    ],
    ['confidence 0.01', withSettings({ confidence: 0.01 }), 'settings.confidence: must be >= 0.5'],
    ['missed null', withStep(MISS, { missed: null }), 'steps[1].missed: must be array'],
    ['no broken', without('broken'), 'steps[0]: must have required properties broken'],
    ['figures "x"', withStep(HOLD, { figures: 'x' }), 'steps[2].figures'],
    ['client 5', withFigures(HOLD, { client: 5 }), 'steps[2].figures'],
    ['no resources', withFigures(HOLD, { resources: undefined }), 'steps[2].figures'],
    ['no latencies', withFigures(HOLD, { latencies: undefined }), 'steps[2].figures'],
    ['a run outside', withStep(HOLD, { run: '../../x' }), 'steps[2].run'],
    ['a commit 5', (record) => ({ ...record, commit: 5 }), 'commit: must be string'],
    ['no number', withStep(HOLD, { tookSeconds: 'x' }), 'steps[2].tookSeconds: must be number'],
  ])('%s', async (_, change, message) => {
    const path = await altered(change);
    const { code, stderr } = await resumed(path);
    expect(stderr).toContain(
      'capacity.json was altered, or was not written by this version of ./sla capacity',
    );
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
