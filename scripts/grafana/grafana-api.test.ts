import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { judge } from '../../slas/judge/judge.ts';
import type { ObjectiveOutcome, Plan } from '../../slas/model/model.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { healthy } from '../../slas/testing/cases.ts';
import { CAPACITY_FILES } from '../capacity/storage.ts';
import { recordOf, stepOf } from '../capacity/test-record.ts';
import { renderDashboards } from '../cli/commands/dashboards.ts';
import { temporaryFolder, writeWhole } from '../run/disk.ts';
import { measuredLimit } from '../run/measured-limit.ts';
import { toJson } from '../runs/bundle.ts';
import { annotationRequests } from './grafana-api.ts';

/** A run's annotations and measured limit on Grafana's dashboards. */

const { document, plan, run, evidence } = healthy();
const verdict = judge(plan, run, evidence);

interface Annotation {
  readonly time: number;
  readonly timeEnd?: number;
  readonly tags: readonly string[];
  readonly text: string;
}
const annotations = (...given: Parameters<typeof annotationRequests>) =>
  annotationRequests(...given).map(({ body }) => body as Annotation);

describe('annotations', () => {
  const { fromSeconds, toSeconds } = run.window;
  const [from, to] = [Math.round(fromSeconds * 1000), Math.round(toSeconds * 1000)];

  test('for start, phases, faults, incidents and verdict have their own times and tags', () => {
    const environment = { faults: 'errors=2%,latency=240ms' };
    const died = { ...run, incidents: ['the service ended during the run, with signal SIGKILL'] };
    const made = annotations({ plan, run: died, verdict, environment, held: null });
    expect(made.map(({ tags }) => tags[2])).toEqual(['pass', 'start', 'phase', 'faults', 'incident']);
    expect(made[1]).toEqual({ time: from, tags: ['sla-run', 'case', 'start'], text: 'case: steady started' });
    expect(made[3]).toEqual({
      time: from,
      timeEnd: to,
      tags: ['sla-run', 'case', 'faults'],
      text: 'case: injected faults: errors=2%,latency=240ms',
    });
    expect(made[4]).toMatchObject({ time: to, text: `case: ${died.incidents[0]}` });
    expect(made[4]!.timeEnd).toBeUndefined();
  });

  test.each([[{ faults: 'none' }], [{ faults: null }], [{}], [null]])('%j has no faults', (environment) => {
    const made = annotations({ plan, run, verdict, environment, held: null });
    expect(made.map(({ tags }) => tags[2])).toEqual(['pass', 'start', 'phase']);
  });

  test('a load that was stopped early has no phases after its end', () => {
    const phases = [100, 200, 300].map((ratePerSecond) => ({
      name: `at-${ratePerSecond}`,
      ratePerSecond,
      durationSeconds: 40,
    }));
    const cut = { ...run, load: { ...run.load!, completed: false } };
    const made = annotations({
      plan: { ...plan, load: { ...plan.load!, phases } },
      run: cut,
      verdict,
      environment: null,
      held: { upTo: { phase: 'at-100', ratePerSecond: 100 }, broke: null },
    });
    const regions = made.filter(({ tags }) => tags[2] === 'phase');
    expect(regions.map(({ text }) => text)).toEqual([
      'case: at-100, 100/s for 40 s',
      'case: at-200, 200/s for 40 s',
    ]);
    expect(regions[1]!.timeEnd).toBe(to);
    expect(made.at(-1)!.text).toBe(
      'case: objectives met up to 100/s (at-100), the last step: the limit was not reached',
    );
  });
});

describe('the highest rate at which a stored run met its objectives', () => {
  const stepped: Plan = {
    ...plan,
    load: {
      ...plan.load!,
      phases: [100, 200].map((ratePerSecond) => ({
        name: `at-${ratePerSecond}`,
        ratePerSecond,
        durationSeconds: 30,
      })),
    },
  };
  const judged = (...outcomes: readonly ObjectiveOutcome[]) =>
    verdictDocument({
      ...verdict,
      objectives: outcomes.map((one, index) => ({
        ...verdict.objectives[0]!,
        phase: stepped.load!.phases[index]!.name,
        verdict: one,
      })),
    });

  async function store(parent: string, day: number, files: Readonly<Record<string, unknown>>) {
    const id = `2021-11-0${day}T05-31-02Z-breakpoint-00aa`;
    await mkdir(join(parent, `.${id}`));
    for (const [name, data] of Object.entries(files))
      await writeWhole(join(parent, `.${id}`, `${name}.json`), toJson(data));
    await rename(join(parent, `.${id}`), join(parent, id));
    return id;
  }

  test('is taken from the newest run of rising steps, and is shown on the capacity dashboard', async () => {
    await using folder = await temporaryFolder();
    await store(folder.path, 1, { plan: stepped, verdict: judged('met', 'met') });
    const id = await store(folder.path, 2, { plan: stepped, verdict: judged('met', 'missed') });
    await store(folder.path, 3, { plan, verdict: verdictDocument(verdict) });
    await store(folder.path, 4, { plan: stepped });
    const found = await measuredLimit(folder.path, document);
    expect(found).toEqual({ run: id, ratePerSecond: 100 });
    const capacity = (await renderDashboards(document, found)).get('sla-capacity.json')!;
    const { panels } = JSON.parse(capacity) as {
      panels: {
        title: string;
        description: string;
        fieldConfig?: { defaults: { thresholds: { steps: unknown } } };
      }[];
    };
    const panel = panels.find(({ title }) => title.startsWith('Rate now'))!;
    expect(panel.description).toContain(
      `up to this rate, run ${id} met every decisive objective that is judged in steps`,
    );
    expect(panel.fieldConfig!.defaults.thresholds.steps).toEqual([
      { value: null, color: 'green' },
      { value: 100, color: 'orange' },
    ]);
  });

  test('is the proven rate of the newest search with an answer, if there is one', async () => {
    await using folder = await temporaryFolder();
    await store(folder.path, 4, { plan: stepped, verdict: judged('met', 'missed') });
    const own = { ...recordOf(), sla: document.name };
    const steps = [...own.steps, stepOf(425, 'met', true)];
    const storeSearch = async (day: number, record: object) => {
      const id = `2021-11-0${day}T05-31-02Z-capacity-steady-00aa`;
      await mkdir(join(folder.path, id));
      await writeWhole(join(folder.path, id, CAPACITY_FILES.record), toJson(record));
      return id;
    };
    const run = await storeSearch(1, { ...own, steps });
    await storeSearch(2, own);
    await storeSearch(3, { ...own, steps, sla: 'another' });
    const found = await measuredLimit(folder.path, document);
    expect(found).toEqual({ run, ratePerSecond: 425, isProven: true });
    const capacity = (await renderDashboards(document, found)).get('sla-capacity.json')!;
    expect(capacity).toContain(`The line shows 425/s, proven by the search ${run}`);
    expect(capacity).not.toContain('did not count');
  });

  test('names the objectives that did not count when it was proven', async () => {
    await using folder = await temporaryFolder();
    const run = '2021-11-01T05-31-02Z-capacity-steady-00aa';
    const exempt = [{ id: 'latency-p95', exempt: 'waived', verdict: 'missed' }] as const;
    const hold = { ...stepOf(425, 'met', true), decisive: 3, exempt };
    await mkdir(join(folder.path, run));
    const record = { ...recordOf([stepOf(425), stepOf(438, 'missed'), hold]), sla: document.name };
    await writeWhole(join(folder.path, run, CAPACITY_FILES.record), toJson(record));
    const found = await measuredLimit(folder.path, document);
    expect(found).toEqual({ run, ratePerSecond: 425, isProven: true, exempt: ['latency-p95'] });
    const capacity = (await renderDashboards(document, found)).get('sla-capacity.json')!;
    expect(capacity).toContain('These objectives did not count: latency-p95.');
  });

  test('is null if no step met its objectives or there was no stepped load', async () => {
    await using folder = await temporaryFolder();
    expect(await measuredLimit(folder.path, document)).toBeNull();
    await store(folder.path, 1, { plan: stepped, verdict: judged('missed', 'met') });
    expect(await measuredLimit(folder.path, document)).toBeNull();
    expect(await measuredLimit(folder.path, { ...document, name: 'another' })).toBeNull();
  });
});
