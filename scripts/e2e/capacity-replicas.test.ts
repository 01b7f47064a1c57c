import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { CAPACITY_FILES } from '../capacity/storage.ts';
import { readRun } from '../runs/bundle.ts';
import { ROOT, sla, startSla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';

/** `./sla capacity --replicas`: real processes of the service, and k6 that sends its requests to them in turn. */

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const DOCUMENT = join(ROOT, 'slas', 'documents', 'sentiment-api.yaml');

test('two replicas are loaded in turn, scraped both, and judged together', { timeout: 120_000 }, async () => {
  const runs = join(folder.path, 'runs');
  const search = startSla(['capacity', '--replicas', '2', '--out', runs, '--budget', '5m']);
  await search.seen('starting 2 replicas of the service and Prometheus');
  await search.seen(/step at 25\/s: (met|undecided|invalid)[\s\S]*\bstep at /);
  search.child.kill('SIGINT');
  const { stderr } = await search.done;
  const [, shown] = /--resume "([^"]+)"/.exec(stderr) ?? [];
  const path = resolve(ROOT, shown!);
  const record = JSON.parse(await readFile(join(path, CAPACITY_FILES.record), 'utf8')) as CapacityRecord;
  expect(record).toMatchObject({ replicas: 2, asked: { variant: { name: 'replicas', value: '2' } } });
  expect(Number(record.asked.workersEach)).toBeGreaterThanOrEqual(1);
  const [step] = record.steps;
  const { run, evidence } = await readRun(join(path, CAPACITY_FILES.steps, step!.run!));
  const counters = evidence!.readings.flatMap(({ series }) =>
    series.filter(
      ({ labels }) =>
        labels.__name__ === 'http_requests_total' && labels.status === '200' && labels.method === 'POST',
    ),
  );
  const grown = new Map<string, number>();
  for (const { labels, samples } of counters) {
    const [first, last] = [samples[0], samples.at(-1)].map((sample) => Number(sample![1]));
    const instance = labels.instance!;
    grown.set(instance, Math.max(grown.get(instance) ?? 0, last! - first!));
  }
  expect(grown.size).toBe(2);
  for (const requests of grown.values()) expect(requests).toBeGreaterThan(0.4 * run.load!.sent);
});

test('a load script that sends to the first replica only ends the search', { timeout: 180_000 }, async () => {
  const text = await readFile(DOCUMENT, 'utf8');
  const document = join(folder.path, 'one-address.yaml');
  await writeFile(document, text.replaceAll('loadtests/single-texts.ts', 'loadtests/selftest.ts'));
  const { code, stderr } = await sla(
    [
      'capacity',
      '--sla',
      document,
      '--scenario',
      'smoke',
      '--replicas',
      '2',
      '--out',
      join(folder.path, 'one'),
      '--budget',
      '5m',
    ],
    { env: { SLA_SELFTEST_SCRIPT: 'past-the-library' } },
  );
  expect(stderr).toMatch(
    /replica 2 \(http:\/\/127\.0\.0\.1:\d+\) received 0 of \d+ requests, but each of 2 replicas should receive the same number/,
  );
  expect(stderr).toContain('SLA_TARGETS');
  expect(code).toBe(4);
});
