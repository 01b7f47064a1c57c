import { join } from 'node:path';
import type { Load, Verdict } from '../../slas/model/model.ts';
import { collectEvidence } from '../../slas/prometheus/prometheus.ts';
import { amountInWords } from '../../slas/render/load-in-words.ts';
import { HarnessError } from '../cli/errors.ts';
import { runsFolder, shortPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { findBaseline } from '../runs/baseline.ts';
import {
  createRunFolder,
  FILES,
  type RunFolder,
  readRun,
  type StoredRun,
  writeVerdict,
} from '../runs/bundle.ts';
import { createRedactor } from '../runs/redact.ts';
import { readUplot, reportOf } from '../runs/report.ts';
import { seal } from '../runs/seal.ts';
import { useExisting } from '../stack/existing.ts';
import { DEFAULT_NAMESPACE, runnerSettingsOf } from '../stack/kubernetes/options.ts';
import type { Stack } from '../stack/stack.ts';
import { guardFolder } from './disk.ts';
import { describeEnvironment } from './environment.ts';
import { Looks } from './looks/looks.ts';
import type { Prepared, RunOptions, RunTools } from './prepare.ts';
import { askerOf } from './prometheus-access.ts';
import type { Recorder } from './record/recorder.ts';
import { runLoad } from './run-k6.ts';
import { collectRunSeries } from './series.ts';
import { warmUpAndSettle } from './settle.ts';

export interface MeasuredRun extends StoredRun {
  readonly folder: RunFolder;
}

/**
 * Runs the load, queries Prometheus, and stores everything. The returned promise resolves once the stack is down (unless it
 * was already running) and every log is complete. The result has been read back from the folder, so the judge sees exactly
 * what is stored.
 */
export async function measureRun(
  prepared: Prepared,
  tools: RunTools,
  up: Stack | null,
  io: Io,
): Promise<MeasuredRun> {
  const { plan, options } = prepared;
  const redactor = createRedactor(io.env, [options.target, options.prometheus]);
  const folder = await createRunFolder(runsFolder(io, options.out), plan.load!.scenario, redactor);
  return await guardFolder(folder.path, async () => {
    try {
      await writeInputs(prepared, folder);
      await using stack = up ?? (await openStack(prepared, tools, folder, io));
      await performRun(prepared, stack, tools, folder, io);
    } catch (error) {
      // Redacts the logs even after an error. If that also fails, the first error already reports a full
      // disk.
      await folder.redact().catch(() => {});
      throw error;
    }
    await folder.redact();
    return { ...(await readRun(folder.path)), folder };
  });
}

/** Stores the verdict and its report, if there is one, and seals the folder. */
export async function finishRun(
  measured: MeasuredRun,
  verdict: Verdict | null,
  io: Io,
  note: string | null = null,
): Promise<void> {
  const { folder, plan } = measured;
  const sha256 = await guardFolder(folder.path, async () => {
    if (verdict !== null) {
      await writeVerdict(folder, verdict, plan, note);
      // The report is built from the stored files, so it contains no secrets.
      await folder.writeMade(FILES.report, await reportOf(measured, verdict));
    }
    return await seal(folder.path);
  });
  io.progress(`run folder: ${shortPath(io, folder.path)} (manifest sha256 ${sha256})`);
  if (verdict !== null) io.progress(`report: ${shortPath(io, join(folder.path, FILES.report))}`);
}

/** Writes the inputs before anything is started, so that a folder that cannot be written is reported immediately. */
async function writeInputs({ plan, read }: Prepared, folder: RunFolder): Promise<void> {
  await folder.writeJson(FILES.plan, plan);
  await folder.writeTheirJson(FILES.document, read.document);
  await folder.writeTheirText(FILES.documentText, read.text);
}

/** The stack of a run: an external one, or one that is started here. The caller must dispose of it. */
async function openStack(prepared: Prepared, tools: RunTools, folder: RunFolder, io: Io): Promise<Stack> {
  const { target, prometheus, stack } = prepared.options;
  if (stack === 'kubernetes') return await openCluster(prepared, tools, folder, io);
  if (target !== undefined) return useExisting(target, prometheus!);
  // Loaded on demand: the npm package does not contain this module, and a load on a running service does not need it.
  const { openOwnStack } = await import('./own-stack.ts');
  return openOwnStack(prepared, tools, folder, io);
}

async function openCluster(
  { options }: Prepared,
  { k6 }: RunTools,
  folder: RunFolder,
  io: Io,
): Promise<Stack> {
  const { openKubernetes } = await import('../stack/kubernetes/kubernetes.ts');
  const settings = await runnerSettingsOf(options, io);
  // The option was checked earlier. If it is invalid now, fail instead of ignoring it.
  if (!settings.ok) throw new Error(settings.error.map(({ message }) => message).join('; '));
  return openKubernetes(
    {
      target: options.target!,
      prometheus: options.prometheus ?? null,
      namespace: options.namespace ?? DEFAULT_NAMESPACE,
      settings: settings.value,
      ...{ k6, run: folder.id },
      ...(options.context === undefined ? {} : { context: options.context }),
    },
    io,
  );
}

/** Writes each part of the run to the folder as soon as it is known. */
async function performRun(
  { plan, read, options, isOverloadLikely = false }: Prepared,
  stack: Stack,
  tools: RunTools,
  folder: RunFolder,
  io: Io,
): Promise<void> {
  const faults = faultsOf(options);
  await folder.writeJson(FILES.environment, await describeEnvironment(tools, read, stack, faults, io));
  // The baseline is chosen before the load, so that the verdict does not have to wait for it.
  const baseline = await findBaseline(folder.path);
  if (baseline !== null) await folder.writeJson(FILES.baseline, baseline);
  const lagSeconds = await warmUpAndSettle(plan, stack, options, io);
  const load = plan.load as Load;
  // The report needs this file after the load. It is read during the load to save time.
  void readUplot().catch(() => {});
  io.progress(`loading ${stack.serviceUrl}: ${amountInWords(load)}`);
  const asker = askerOf(stack.prometheusUrl, io, options.ingestDelay);
  const learned = lagSeconds === null ? {} : { lagSeconds };
  const looks = (recorder: Recorder, startedSeconds: number) =>
    new Looks(recorder, {
      plan,
      asker: { ...asker, ...learned },
      so: { id: folder.id, load, generator: { name: 'k6', version: tools.k6.version }, startedSeconds },
      incidents: () => stack.incidents(),
      progress: io.progress,
    });
  const run = await runLoad(load, stack, {
    id: folder.id,
    root: io.project,
    cwd: io.cwd,
    env: io.env,
    k6: tools.k6,
    folder: folder.path,
    logs: folder.logs,
    signal: io.signal,
    progress: io.progress,
    generators: Number(options.generators ?? 1),
    objectives: plan.objectives,
    isOverloadLikely,
    ...(plan.sequential === undefined ? {} : { looks }),
    ...(io.live === undefined ? {} : { show: io.live }),
  });
  await folder.writeRun(run);
  const evidence = await collectEvidence(plan, run, { ...asker, ...learned });
  const [series] = await Promise.all([
    collectRunSeries(read.document, plan, run, evidence, asker),
    folder.writeJson(FILES.evidence, evidence),
  ]);
  if (series !== null) await folder.writeJson(FILES.series, series);
  if (options.snapshot === true) await storeSnapshot(stack, folder, io);
}

/** All injected faults: those in the service, and those between the service and its clients. */
function faultsOf({ faults, toxic }: RunOptions): string | undefined {
  const all = [...(faults === undefined ? [] : [faults]), ...(toxic === undefined ? [] : [`toxic ${toxic}`])];
  return all.length === 0 ? undefined : all.join(', ');
}

/** A Prometheus that has died cannot provide a snapshot. The verdict already reports the death, so this is not an error. */
async function storeSnapshot(stack: Stack, folder: RunFolder, io: Io): Promise<void> {
  io.progress('taking a snapshot of Prometheus');
  try {
    await stack.snapshot!(join(folder.path, FILES.snapshot));
  } catch (error) {
    const hasDied = ((await stack.incidents()) ?? []).length > 0;
    if (!hasDied || !(error instanceof HarnessError)) throw error;
    io.progress(`no snapshot: ${error.message}`);
  }
}
