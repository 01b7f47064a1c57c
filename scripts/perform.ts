import type { Evidence, Load, Plan, RunRecord } from '../slas/model.ts';
import { awaitScrapeAfter, collectEvidence, withoutSecrets } from '../slas/prometheus.ts';
import { FILES, type RunFolder } from './bundle.ts';
import { HarnessError } from './errors.ts';
import type { Io } from './io.ts';
import { describeEnvironment, type Prepared, type RunTools } from './prepare.ts';
import { runLoad } from './run-k6.ts';
import { useExisting } from './stack/existing.ts';
import { startLocalStack } from './stack/local.ts';
import type { Stack } from './stack/stack.ts';
import { warmUp } from './warm-up.ts';

/** Ours scrapes every second; another one perhaps every minute. */
const PATIENCE_MS = { ours: 30_000, theirs: 200_000 };

/** The stack that a run uses: one that is there, or one of our own, which the caller must dispose of. */
export async function openStack(
  { options, read }: Prepared,
  tools: RunTools,
  folder: RunFolder,
  io: Io,
): Promise<Stack> {
  if (options.target !== undefined) return useExisting(options.target, options.prometheus!);
  io.progress('starting the service and Prometheus');
  return startLocalStack({
    root: io.root,
    env: io.env,
    prometheusPath: tools.prometheus!.path,
    selector: read.document.service.selector,
    folder: folder.logs,
    signal: io.signal,
    ...(options.faults === undefined ? {} : { faults: options.faults }),
  });
}

/**
 * Warms up, loads, and asks Prometheus what happened. Each part is written to the run folder as soon as it is known.
 */
export async function performRun(
  prepared: Prepared,
  stack: Stack,
  tools: RunTools,
  folder: RunFolder,
  io: Io,
): Promise<{ readonly run: RunRecord; readonly evidence: Evidence }> {
  const { plan, read } = prepared;
  await folder.writeJson(FILES.plan, plan);
  await folder.writeText('document.yaml', read.text);
  await folder.writeJson('environment.json', describeEnvironment(tools, read));
  await warmUpAndSettle(plan, stack, io);
  const load = plan.load as Load;
  io.progress(`loading ${stack.serviceUrl}: ${load.plannedRequests} requests in ${load.scheduledSeconds} s`);
  const run = await runLoad(load, stack, {
    id: folder.id,
    root: io.root,
    env: io.env,
    k6: tools.k6,
    folder: folder.path,
    logs: folder.logs,
    signal: io.signal,
    progress: io.progress,
  });
  await folder.writeJson(FILES.run, run);
  const evidence = await collectEvidence(plan, run, {
    url: stack.prometheusUrl,
    signal: io.signal,
    progress: io.progress,
  });
  await folder.writeJson(FILES.evidence, evidence);
  return { run, evidence };
}

/** The load may begin once a scrape was seen that began after the warm-up's last answer: counts start from there. */
async function warmUpAndSettle(plan: Plan, stack: Stack, io: Io): Promise<void> {
  io.progress('warming up');
  const lastAnswerSeconds = await warmUp(stack, plan.load!, io.signal);
  const asker = { url: stack.prometheusUrl, signal: io.signal };
  const patienceMs = stack.isOurs ? PATIENCE_MS.ours : PATIENCE_MS.theirs;
  const died = async () => (await stack.incidents()) ?? [];
  const isInVain = async () => (await died()).length > 0;
  if (await awaitScrapeAfter(plan.up, lastAnswerSeconds, patienceMs, asker, isInVain)) return;
  const [incident] = await died();
  if (incident !== undefined)
    throw new HarnessError('died-early', `before the load began, ${incident}`, {
      nextStep: 'see the logs in the run folder',
    });
  throw new HarnessError(
    'not-scraped',
    `${withoutSecrets(stack.prometheusUrl)} scraped no healthy target ${plan.up} within ${patienceMs / 1000} s`,
    {
      nextStep: 'check that Prometheus scrapes the service, and service.selector in the SLA document',
    },
  );
}
