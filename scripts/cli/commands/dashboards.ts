import { join } from 'node:path';
import type { MeasuredLimit } from '../../../dashboards/capacity-panels.ts';
import { dashboardsOf } from '../../../dashboards/dashboards.ts';
import { endpointsOf } from '../../../dashboards/objectives.ts';
import type { SlaDocument } from '../../../slas/model/model.ts';
import { makeFolder, writeWhole } from '../../run/disk.ts';
import { toJson } from '../../runs/bundle.ts';
import { type Register, SLA_FILE } from '../command.ts';
import { HarnessError } from '../errors.ts';
import { type PlacedProblem, readDocument, shortPath, userPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface DashboardsOptions {
  readonly sla?: string;
  readonly out?: string;
}

export const register: Register = (program, io, done) =>
  void program
    .command('dashboards')
    .description("write Grafana's dashboards for an SLA document, one JSON file each")
    .option('--sla <file>', SLA_FILE)
    .option('--out <dir>', 'where to write them (default: dashboards/generated)')
    .action(async (options: DashboardsOptions) => done(await dashboards(options, io)));

/** The folder of the shipped document's committed dashboards. */
export const GENERATED = join('dashboards', 'generated');

/** Writes a document's dashboards in Grafana's JSON format, one file each. */
export async function dashboards(
  { sla, out }: DashboardsOptions,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const read = await readDocument(io, sla);
  if (!read.ok) return read.error;
  const folder = out === undefined ? join(io.project, GENERATED) : userPath(io, out);
  await makeFolder(folder);
  for (const [name, text] of await renderDashboards(read.value.document)) {
    await writeWhole(join(folder, name), text);
    io.print(`${shortPath(io, join(folder, name))}\n`);
  }
  return 0;
}

/**
 * Users who want dashboards install Grafana's library themselves. It is larger than all dependencies of the npm package
 * together.
 */
export const GRAFANA_LIBRARY = '@grafana/grafana-foundation-sdk@0.0.21';

function withoutLibrary(cause: NodeJS.ErrnoException): never {
  if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause;
  throw new HarnessError(
    'no-grafana-library',
    "Grafana's library is not installed, so no dashboard can be made",
    {
      nextStep: `npm install ${GRAFANA_LIBRARY}`,
      cause,
    },
  );
}

/**
 * The file name and content of each dashboard. The dashboards show the limit that a stored run measured, if there is one.
 * Grafana's library is loaded only here, because it is large and no run needs it.
 */
export async function renderDashboards(
  document: SlaDocument,
  measured: MeasuredLimit | null = null,
): Promise<ReadonlyMap<string, string>> {
  const { grafanaView, renderDashboard } = await import('../../../dashboards/grafana.ts').catch(
    withoutLibrary,
  );
  const { selector } = document.service;
  const specs = dashboardsOf(document, grafanaView(selector), measured);
  return new Map(
    specs.map((spec) => [`${spec.uid}.json`, toJson(renderDashboard(spec, selector, endpointsOf(document)))]),
  );
}
