import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import { CAPACITY_FILES } from '../capacity/storage.ts';
import { KNOWN_SCRIPT, knownDocument } from '../selftest/at-limit/known-document.ts';
import { startKnownService } from '../selftest/at-limit/known-service.ts';
import { byLaw, capacityOf, type ServiceLaw } from '../testing/law-service.ts';
import { startScraping } from '../testing/scraping.ts';
import { ROOT, startSla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';

/** Steps of real searches with k6, Prometheus, and services whose capacity is known. A whole search would take many minutes. */

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Runs a search, interrupts it after its first step, and returns that step. */
async function firstStep(
  name: string,
  law: ServiceLaw,
  ratePerSecond: number,
  { script, waivers = '' }: { readonly script?: string; readonly waivers?: string } = {},
) {
  const own = join(folder.path, name);
  await mkdir(own);
  await using service = await startKnownService(byLaw(law));
  await using prometheus = await startScraping(service.url, 'known', own);
  const document = join(own, 'known.yaml');
  const load = { ratePerSecond, maxSeconds: 60, atLeastSeconds: 20 };
  await writeFile(document, knownDocument(load, true) + waivers);
  const search = startSla(
    [
      ...['capacity', '--sla', document, '--out', join(own, 'runs'), '--budget', '5m'],
      ...['--target', service.url, '--prometheus', prometheus.url],
      ...(script === undefined ? [] : ['--script', script]),
    ],
    { env: KNOWN_SCRIPT },
  );
  let seen = '';
  const { promise: stepped, resolve: hasStepped } = Promise.withResolvers<void>();
  search.child.stderr!.on('data', (part: Buffer) => {
    seen += part.toString();
    // The second step has started, so the first step is stored.
    if (/at .*\/s: [\s\S]*\bstep at /.test(seen)) hasStepped();
  });
  await Promise.race([stepped, search.done]);
  search.child.kill('SIGINT');
  const { code, stderr } = await search.done;
  const [, path] = /--resume "([^"]+)"/.exec(stderr) ?? [];
  expect(path, stderr).toBeDefined();
  const record = JSON.parse(
    await readFile(resolve(ROOT, path!, CAPACITY_FILES.record), 'utf8'),
  ) as CapacityRecord;
  const step = record.steps[0]!;
  if (step.because === 'generator-late')
    throw new Error(`this machine was too busy: the load generator was late\n${stderr}`);
  return { code, step, interrupted: record.steps[1] };
}

test.concurrent('a service beyond its capacity misses its objective within seconds, and a search that Ctrl-C stops can be resumed', {
  timeout: 90_000,
}, async ({ expect }) => {
  const law = { workers: 2, workMs: 40 };
  // The queue grows by four requests per second. Latencies exceed the limit after a few seconds, and never reach the client's
  // timeout.
  const { code, step, interrupted } = await firstStep('beyond', law, 1.08 * capacityOf(law));
  expect(code).toBe(130);
  // The operator may have seen how that step went, so it counts as one that decided nothing.
  expect(interrupted).toMatchObject({ outcome: 'invalid', because: 'interrupted', run: null });
  expect(step).toMatchObject({ kind: 'step', ratePerSecond: 54, outcome: 'missed' });
  expect(step.missed).toContain('latency-p95');
  expect(step.loadedSeconds).toBeLessThanOrEqual(20);
  expect(step.figures!.client!.concurrency).toBeGreaterThan(10);
});

test.concurrent('a service that refuses requests when its queue is full misses its error rate, although successful responses are fast', {
  timeout: 90_000,
}, async ({ expect }) => {
  const law = { workers: 2, workMs: 40, refusedAfterMs: 60 };
  const { step } = await firstStep('cliff', law, 1.6 * capacityOf(law));
  expect(step).toMatchObject({ outcome: 'missed', missed: ['error-rate'] });
  expect(step.figures!.client!.successesPerSecond).toBeLessThan(1.1 * capacityOf(law));
});

test.concurrent('a step that misses only a waived objective is not missed, and records what it missed', {
  timeout: 90_000,
}, async ({ expect }) => {
  const law = { workers: 2, workMs: 40 };
  const waivers =
    'waivers: [{ objective: latency-p95, owner: team-checkout, reason: the index is being rebuilt, until: 2999-12-31 }]\n';
  const { step } = await firstStep('waived', law, 1.08 * capacityOf(law), { waivers });
  // With so few responses, the other objective may be undecided.
  expect(step.outcome).not.toBe('missed');
  expect(step).toMatchObject({ missed: [], decisive: 1 });
  const waiver = { owner: 'team-checkout', reason: 'the index is being rebuilt', until: '2999-12-31' };
  expect(step.exempt).toEqual([{ id: 'latency-p95', exempt: 'waived', verdict: 'missed', waiver }]);
});

test.concurrent('a search that cannot continue after load was sent leaves a report', {
  timeout: 90_000,
}, async ({ expect }) => {
  const own = join(folder.path, 'changed');
  await mkdir(own);
  await using service = await startKnownService(byLaw({ workers: 4, workMs: 20 }));
  await using prometheus = await startScraping(service.url, 'known', own);
  const document = join(own, 'known.yaml');
  const text = knownDocument({ ratePerSecond: 50, maxSeconds: 60, atLeastSeconds: 20 }, true);
  await writeFile(document, text);
  const search = startSla(
    [
      ...['capacity', '--sla', document, '--out', join(own, 'runs'), '--budget', '5m'],
      ...['--target', service.url, '--prometheus', prometheus.url],
    ],
    { env: KNOWN_SCRIPT },
  );
  await search.seen('step at 50/s, at most');
  await writeFile(document, text.replace('confidence: 0.95', 'confidence: 0.9'));
  const { code, stdout, stderr } = await search.done;
  expect(stderr).toContain('the SLA document was changed during the search');
  expect(stdout).toContain('The search is not finished.');
  expect(code).toBe(3);
  const [, report] = /report: (\S+capacity\.html)/.exec(stderr) ?? [];
  expect(await readFile(resolve(ROOT, report!), 'utf8')).toContain('<td>50/s</td>');
});

async function ownScript(name: string, ratePerSecond: number): Promise<string> {
  const own = join(folder.path, `${name} of mine`);
  await mkdir(own);
  await writeFile(join(own, 'path.txt'), '/predict');
  const script = join(own, 'test.js');
  await writeFile(
    script,
    `import http from 'k6/http';
const path = open('./path.txt');
export const options = {
  scenarios: {
    mine: { executor: 'constant-arrival-rate', rate: ${ratePerSecond}, duration: '10s', preAllocatedVUs: 1, exec: 'send' },
  },
  // This threshold is never met, and a search leaves it out.
  thresholds: { http_req_duration: ['p(95)<1'] },
};
export const setup = () => ({ path });
export function send(data) {
  http.post(__ENV.SLA_TARGET + data.path, 'x');
}
`,
  );
  return script;
}

test.concurrent("the operator's k6 script is sent at the rates of the search, with its own files and setup", {
  timeout: 120_000,
}, async ({ expect }) => {
  const script = await ownScript('script', 50);
  const { step } = await firstStep('script', { workers: 4, workMs: 20 }, 999, { script });
  expect(step).toMatchObject({ ratePerSecond: 50, outcome: 'met', loadedSeconds: 20 });
  expect(step.figures!.client!.successesPerSecond).toBeCloseTo(50, 0);
  // The service responds after 20 to 110 ms.
  expect(step.figures!.service.meanSeconds).toBeGreaterThan(0.02);
  expect(step.figures!.service.meanSeconds).toBeLessThan(0.15);
});

test.concurrent('the same script misses its objective beyond the capacity of the service', {
  timeout: 150_000,
}, async ({ expect }) => {
  const script = await ownScript('beyond', 60);
  const { step } = await firstStep('script-beyond', { workers: 2, workMs: 40 }, 999, { script });
  expect(step).toMatchObject({ ratePerSecond: 60, outcome: 'missed' });
  expect(step.missed).toContain('latency-p95');
});
