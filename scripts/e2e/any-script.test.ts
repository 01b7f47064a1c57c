import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { figuresOf } from '../bench/load/k6-figures.ts';
import { readRun } from '../runs/bundle.ts';
import { listeningAddress } from '../stack/listening.ts';
import { startPrometheus } from '../stack/local.ts';
import { SKIPS_LONG } from '../testing/long.ts';
import { type Shop, startShop } from '../testing/shop.ts';
import { type Done, ROOT, sla, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict, outcomesOf } from '../testing/verdict.ts';

/** k6 scripts in the usual styles, written for no harness, run unchanged and are judged. */

const SCRIPTS = join(import.meta.dirname, 'k6-scripts');

/** Limits that any machine keeps: what is tested is how scripts run, not how fast. */
const DOCUMENT = `
apiVersion: sla-harness/v1
kind: SLA
name: shop
service:
  selector: { job: shop }
  requests: { counter: http_requests_total }
  buckets:
    http_request_duration_seconds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
objectives:
  - id: errors
    ratio:
      bad: { counter: http_requests_total, where: { status: { matches: "5.." } }, absent: zero }
      total: { counter: http_requests_total }
    target: "< 5%"
  - id: latency
    latency:
      histogram: http_request_duration_seconds
      where: { status: { matches: "2.." } }
      percentile: 95
    target: "< 2.5s"
`;

let folder: TemporaryFolder;
let owned: AsyncDisposableStack;
let shop: Shop;
let prometheusUrl: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  owned = new AsyncDisposableStack();
  shop = owned.use(await startShop());
  await writeFile(join(folder.path, 'shop.yaml'), DOCUMENT);
  const { signal } = new AbortController();
  const options = {
    ...{ root: ROOT, env: process.env, prometheusPath: process.env.PROMETHEUS_BIN!, signal },
    ...{ selector: { job: 'shop' }, folder: folder.path },
  };
  const prometheus = owned.use(await startPrometheus(options, shop.url, join(folder.path, 'data')));
  prometheusUrl = await listeningAddress(prometheus, signal);
});
afterAll(async () => {
  await owned.disposeAsync();
  await folder[Symbol.asyncDispose]();
});

interface Gated extends Done {
  readonly out: string;
}

let gates = 0;

async function gate(script: string): Promise<Gated> {
  const out = join(folder.path, `runs-${++gates}`);
  await mkdir(out);
  const done = await sla(
    [
      ...['gate', '--script', join(SCRIPTS, script), '--sla', join(folder.path, 'shop.yaml'), '--json'],
      ...['--target', shop.url, '--prometheus', prometheusUrl, '--out', out],
    ],
    { env: { BASE_URL: shop.url, GRPC_ADDRESS: shop.grpcAddress } },
  );
  return { ...done, out };
}

// ---------------------------------------------------------------------------------------------- k6's own figures

async function expectSameAsK6({ out }: Gated): Promise<void> {
  const { run } = await readRun(join(out, 'latest'));
  const file = join(out, 'latest', 'k6-summary.json');
  const { metrics } = JSON.parse(await readFile(file, 'utf8')) as {
    metrics: Record<string, Record<string, number>>;
  };
  const own = figuresOf(run.load!.client!);
  for (const [name, value] of Object.entries(own))
    expect(value, `${name} of http_req_duration`).toBeCloseTo(metrics.http_req_duration![name]!, 6);
}

// ---------------------------------------------------------------------------------------------- the scripts

const OTHERS = [
  'groups.js',
  'staged-users.js',
  'constant-users.js',
  'from-csv.js',
  'several-scenarios.js',
  'batch.js',
  'websocket.js',
];
const isIncluded = (script: string) => !(SKIPS_LONG && OTHERS.includes(script));

describe('a k6 script of any style', { timeout: 120_000 }, () => {
  const all = ['login.js', 'thresholds.js', 'grpc.js', ...OTHERS];
  test.each(all.filter(isIncluded))(
    '%s passes on a healthy service, and its record has the figures of k6',
    async (script) => {
      const done = await gate(script);
      expectVerdict(done, (verdict) => {
        expect([done.code, verdict.verdict], done.stdout + done.stderr).toEqual([0, 'pass']);
      });
      await expectSameAsK6(done);
    },
  );

  const withChecks = [
    ['login.js', 'k6: checks'],
    ['groups.js', 'k6: checks{page:list} rate>0.99'],
    ['constant-users.js', 'k6: checks'],
    ['thresholds.js', 'k6: empty_pages rate<0.01'],
    ['grpc.js', 'k6: checks'],
    ['websocket.js', 'k6: checks'],
  ] as const;
  test.each(withChecks.filter(([script]) => isIncluded(script)))(
    '%s fails when its own checks or thresholds fail',
    async (script, row) => {
      shop.hasWrongBodies = true;
      try {
        const done = await gate(script);
        expectVerdict(done, (verdict) => {
          expect(outcomesOf(verdict), done.stderr).toMatchObject({ [row]: 'missed' });
          expect(done.code).toBe(1);
        });
      } finally {
        shop.hasWrongBodies = false;
      }
    },
  );
});
