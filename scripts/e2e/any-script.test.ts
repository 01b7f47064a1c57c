import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { figuresOf } from '../bench/load/k6-figures.ts';
import { readRun } from '../runs/bundle.ts';
import { SKIPS_LONG } from '../testing/long.ts';
import { openShopStage, type ShopStage } from '../testing/shop-stage.ts';
import { type Done, sla } from '../testing/sla.ts';
import { expectVerdict, outcomesOf } from '../testing/verdict.ts';

/** k6 scripts in common styles, not written for this harness, run unchanged and are judged. */

const SCRIPTS = join(import.meta.dirname, 'k6-scripts');

const gate = ({ shop, folder, options }: ShopStage, script: string): Promise<Done> =>
  sla(['gate', '--script', join(SCRIPTS, script), '--json', ...options, '--out', folder.path], {
    env: { BASE_URL: shop.url, GRPC_ADDRESS: shop.grpcAddress },
  });

// ---------------------------------------------------------------------------------------------- k6's own figures

interface Figures {
  readonly own: Readonly<Record<string, number>>;
  readonly k6: Readonly<Record<string, number>>;
}

async function durationsIn({ folder }: ShopStage): Promise<Figures> {
  const latest = join(folder.path, 'latest');
  const { run } = await readRun(latest);
  const { metrics } = JSON.parse(await readFile(join(latest, 'k6-summary.json'), 'utf8'));
  return { own: { ...figuresOf(run.load!.client!) }, k6: metrics.http_req_duration };
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

describe.concurrent('a k6 script of any style', { timeout: 180_000 }, () => {
  const all = ['login.js', 'thresholds.js', 'grpc.js', ...OTHERS];
  test.for(all.filter(isIncluded))(
    '%s passes on a healthy service, and its record has the figures of k6',
    async (script, { expect }) => {
      await using stage = await openShopStage();
      const done = await gate(stage, script);
      expectVerdict(done, (verdict) => {
        expect([done.code, verdict.verdict], done.stdout + done.stderr).toEqual([0, 'pass']);
      });
      const { own, k6 } = await durationsIn(stage);
      for (const [name, value] of Object.entries(own)) expect(value, name).toBeCloseTo(k6[name]!, 6);
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
  test.for(withChecks.filter(([script]) => isIncluded(script)))(
    '%s fails when its own checks or thresholds fail',
    async ([script, row], { expect }) => {
      await using stage = await openShopStage();
      stage.shop.hasWrongBodies = true;
      const done = await gate(stage, script);
      expectVerdict(done, (verdict) => {
        expect(outcomesOf(verdict), done.stderr).toMatchObject({ [row]: 'missed' });
        expect(done.code).toBe(1);
      });
    },
  );
});
