import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Verdict } from '../../../slas/model/model.ts';
import { withoutSecrets } from '../../../slas/prometheus/http.ts';
import {
  annotationRequests,
  annotationsOf,
  dashboardRequest,
  type GrafanaAccess,
  sendToGrafana,
} from '../../grafana/grafana-api.ts';
import { prepareGrafana, startGrafana } from '../../grafana/grafana-docker.ts';
import { onAbort } from '../../process/processes.ts';
import { measuredLimit } from '../../run/measured-limit.ts';
import { toolIo } from '../../run/prepare.ts';
import { FILES, type StoredRun } from '../../runs/bundle.ts';
import { createRedactor } from '../../runs/redact.ts';
import { reportInputOf } from '../../runs/report.ts';
import { startOnSnapshot } from '../../runs/snapshot-prometheus.ts';
import { useUpStack } from '../../stack/background.ts';
import { findTool } from '../../tools/find-tool.ts';
import { HarnessError } from '../errors.ts';
import type { ExitCode, Io } from '../io.ts';
import { renderDashboards } from './dashboards.ts';

/** Shows a run on Grafana dashboards: in an existing Grafana, or in a temporary one that runs until Ctrl-C. */

/** The time that the dashboards show before and after the run. */
const AROUND_MS = 30_000;

/** Writes dashboards and annotations to an existing Grafana, permanently. */
export async function showInGrafana(
  url: string,
  stored: StoredRun,
  verdict: Verdict,
  io: Io,
): Promise<ExitCode> {
  const { log: redact } = createRedactor(io.env, [url]);
  const access: GrafanaAccess = { url, token: io.env.GRAFANA_TOKEN || null, signal: io.signal, redact };
  const dashboards = await dashboardsFor(stored, verdict);
  for (const [name, text] of dashboards) {
    await sendToGrafana(dashboardRequest(text), access);
    io.progress(`wrote dashboard ${name} to Grafana`);
  }
  await annotate(stored, verdict, access, io);
  io.print(`${addressOf(withoutSecrets(url), dashboards, stored)}\n`);
  return 0;
}

/** Starts a Grafana in Docker with the samples of the run. It runs until Ctrl-C. */
export async function bringGrafanaUp(
  stored: StoredRun,
  verdict: Verdict,
  prometheus: string | undefined,
  io: Io,
): Promise<ExitCode> {
  const { env, signal, progress } = io;
  await prepareGrafana({ env, signal, progress });
  const dashboards = await dashboardsFor(stored, verdict);
  const folder = join(io.project, '.sla', 'grafana');
  await using samples = await samplesOf(stored, prometheus, join(folder, 'prometheus'), io);
  const given = { dashboards, prometheusUrl: samples.url, folder: join(folder, 'grafana'), env, signal };
  await using grafana = await startGrafana(given);
  await annotate(stored, verdict, { url: grafana.adminUrl, token: null, signal }, io);
  io.print(`${addressOf(grafana.url, dashboards, stored)}\n`);
  progress('press Ctrl-C to stop it');
  const stopped = new Promise<void>((resolve) => onAbort(signal, resolve));
  await Promise.race([stopped, grafana.ended]);
  if (signal.aborted) return 0;
  throw new HarnessError('grafana', 'Grafana stopped unexpectedly', {
    nextStep: `see ${join(folder, 'grafana', 'grafana.log')}`,
  });
}

interface Samples extends AsyncDisposable {
  readonly url: string;
}

const externalSamples = (url: string): Samples => ({ url, [Symbol.asyncDispose]: async () => {} });

/** The source of the samples: the given server, the run's snapshot, or the running stack. */
async function samplesOf(
  stored: StoredRun,
  prometheus: string | undefined,
  folder: string,
  io: Io,
): Promise<Samples> {
  if (prometheus !== undefined) return externalSamples(prometheus);
  const snapshot = join(stored.path, FILES.snapshot);
  if (existsSync(snapshot)) {
    const { path } = await findTool('prometheus', toolIo(io));
    io.progress("starting Prometheus with the run's snapshot");
    return await startOnSnapshot(snapshot, path, folder, io);
  }
  const up = await useUpStack(io);
  if (up !== null) return externalSamples(up.prometheusUrl);
  throw new HarnessError(
    'no-samples',
    `${stored.path} has no snapshot, and its Prometheus is no longer running, so Grafana would have no data`,
    { nextStep: 'name a server that has the samples with --prometheus URL, or run again with --snapshot' },
  );
}

// ---------------------------------------------------------------------------------------------- dashboards and annotations

async function dashboardsFor(stored: StoredRun, verdict: Verdict): Promise<ReadonlyMap<string, string>> {
  const { document } = await reportInputOf(stored, verdict);
  return await renderDashboards(document, await measuredLimit(dirname(stored.path), document));
}

async function annotate(stored: StoredRun, verdict: Verdict, access: GrafanaAccess, io: Io): Promise<void> {
  const { plan, run } = stored;
  const { environment, held } = await reportInputOf(stored, verdict);
  const there = (await sendToGrafana(annotationsOf(run.id), access)) as readonly unknown[];
  const requests = there.length > 0 ? [] : annotationRequests({ plan, run, verdict, environment, held });
  for (const request of requests) await sendToGrafana(request, access);
  io.progress(
    there.length > 0 ? 'its annotations already exist' : `${requests.length} annotations were created`,
  );
}

/** The URL of the first dashboard, with the time range of the run. */
function addressOf(url: string, dashboards: ReadonlyMap<string, string>, { run }: StoredRun): string {
  const [first] = [...dashboards.keys()].map((name) => name.replace(/\.json$/, ''));
  const from = Math.floor(run.window.fromSeconds * 1000) - AROUND_MS;
  const to = Math.ceil(run.window.toSeconds * 1000) + AROUND_MS;
  return `${url.replace(/\/$/, '')}/d/${first}?from=${from}&to=${to}`;
}
