import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Load, Objective, Plan, SlaDocument } from '../../slas/model/model.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import { HarnessError } from '../cli/errors.ts';
import { formatExit, start } from '../process/processes.ts';
import { warmUp } from '../run/warm-up.ts';
import { useExisting } from '../stack/existing.ts';
import { SCENARIO } from './document.ts';
import { injectFault } from './fault-injector.ts';
import type { Row } from './row.ts';
import { openStage, type Stage } from './stage.ts';
import type { World } from './world.ts';

/** Injects the same fault with k6 alone, with the same limits as thresholds, as k6 users would write them. */

/** `http_req_duration: p(95)<200`. There is no threshold for the uptime, which k6 does not measure. */
export function thresholdsOf(document: SlaDocument): Readonly<Record<string, readonly string[]>> {
  const ids = planOf(document).objectives.map(({ id }) => id);
  const judged = document.objectives.filter(({ id }) => ids.includes(id));
  const thresholds = Map.groupBy(judged.flatMap(thresholdOf), ([metric]) => metric);
  return Object.fromEntries(
    [...thresholds].map(([metric, own]) => [metric, own.map(([, expression]) => expression)]),
  );
}

function thresholdOf({ measure, target }: Objective): readonly (readonly [string, string])[] {
  const { comparison, value } = target;
  switch (measure.kind) {
    case 'latency':
      return [['http_req_duration', `p(${measure.percentile})${comparison}${value * 1000}`]];
    case 'ratio':
      return [['http_req_failed', `rate${comparison}${value}`]];
    case 'success':
      return [['http_req_failed', `rate${comparison.replace('>', '<')}${1 - value}`]];
    case 'throughput':
      return [['http_reqs', `rate${comparison}${value}`]];
    case 'mean':
      return [['confidence', `avg${comparison}${value}`]];
    case 'uptime':
    case 'peak':
    case 'recovery':
      return [];
    default:
      return measure satisfies never;
  }
}

/** k6's exit code in words. */
export async function runPlainK6(
  row: Row,
  folder: string,
  world: World,
  signal: AbortSignal,
): Promise<string> {
  await using stage = await openStage(row.stage ?? {}, world.stageOptions(row, folder, signal));
  const load = planOf(world.document.document).load!;
  const loadFile = join(folder, 'load.json');
  await writeFile(loadFile, JSON.stringify({ ...load, budgets: [] }));
  const script = join(world.io.root, load.script);
  await warmedUp(stage, load, signal);
  const args = ['run', '--quiet', '--no-color', '--no-usage-report', '--address', '127.0.0.1:0', script];
  await using k6 = await start('k6', world.k6Path, args, {
    cwd: world.io.root,
    env: {
      ...world.io.env,
      ...row.env,
      SLA_LOAD: loadFile,
      SLA_TARGET: stage.targetUrl,
      SLA_SUMMARY: join(folder, 'k6-summary.json'),
      SLA_SELFTEST_THRESHOLDS: JSON.stringify(thresholdsOf(world.document.document)),
    },
    logFile: join(folder, 'k6.log'),
  });
  const exit = await injectFault(
    row,
    {
      running: k6,
      stage,
      loadedUrl: async () => stage.serviceUrl,
      pidOf: (name) => (name === 'k6' ? k6.pid : stage.pidOf(name)),
      disk: null,
    },
    signal,
  );
  return exit.signal === null ? String(exit.code) : formatExit(exit);
}

/** The plan of the self-test's own load. */
export function planOf(document: SlaDocument): Plan {
  const plan = planScenario(document, SCENARIO);
  if (plan.ok) return plan.value;
  throw new HarnessError('bad-document', plan.error[0]!.message, {
    nextStep: 'see scripts/selftest/document.ts',
  });
}

/** Bypasses everything in front of the service, because faults there must not affect the warm-up. */
async function warmedUp(
  { serviceUrl, prometheusUrl }: Stage,
  load: Load,
  signal: AbortSignal,
): Promise<void> {
  await warmUp({ ...useExisting(serviceUrl, prometheusUrl), isOurs: true }, load, signal);
}
