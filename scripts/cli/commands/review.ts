import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { renderReportText } from '../../../dashboards/report/text.ts';
import { judge } from '../../../slas/judge/judge.ts';
import type { Verdict } from '../../../slas/model/model.ts';
import { readVerdict } from '../../../slas/render/stored.ts';
import { renderText } from '../../../slas/render/text.ts';
import { makeFolder, writeWhole } from '../../run/disk.ts';
import { FILES, readStoredRun, type StoredRun } from '../../runs/bundle.ts';
import { ifItCanBeJudged } from '../../runs/judge-stored.ts';
import { reportInputOf, reportOf } from '../../runs/report.ts';
import { runPath } from '../../runs/run-folders.ts';
import { writeRunsIndex } from '../../runs/runs-index.ts';
import { findAlterations, MANIFEST } from '../../runs/seal.ts';
import { checkUrl } from '../../stack/existing.ts';
import { type Register, RUN_ARGUMENT } from '../command.ts';
import { HarnessError } from '../errors.ts';
import { badOption, type PlacedProblem, shortPath } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { bringGrafanaUp, showInGrafana } from './review-grafana.ts';

export interface ReviewOptions {
  readonly run?: string;
  readonly text?: boolean;
  /** The Grafana that receives the dashboards and the run's annotations; true: start a temporary one. */
  readonly grafana?: string | true;
  /** The Prometheus that a temporary Grafana queries if the run has no snapshot. */
  readonly prometheus?: string;
}

export const register: Register = (program, io, done) =>
  void program
    .command('review')
    .description('open the report of a stored run, or print it as text if there is no display')
    .argument('[run]', RUN_ARGUMENT)
    .option('--text', 'print it as text even if there is a display')
    .option(
      '--grafana [url]',
      'show the run on dashboards: in this Grafana (GRAFANA_TOKEN: its API token), or in one that Docker starts',
    )
    .option(
      '--prometheus <url>',
      'data source of the Grafana that Docker starts, if the run has no snapshot (needs --grafana)',
    )
    .action(async (stored: string | undefined, options: ReviewOptions) =>
      done(await review({ ...options, ...(stored === undefined ? {} : { run: stored }) }, io)),
    );

/** Opens the report of a stored run. Without a display, prints the report's path and its text version. */
export async function review(options: ReviewOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const urlProblems = problemsOf(options);
  if (urlProblems.length > 0) return urlProblems;
  const path = runPath(options.run, io);
  const input = await readStoredRun(path);
  if (!input.ok) return input.error;
  const stored = input.value;
  const judged = await ifItCanBeJudged(path, io, async () => verdictOf(stored));
  if (!judged.ok) return judged.error;
  const verdict = judged.value;
  await reportAlterations(stored.path, io);
  if (options.grafana === true) return await bringGrafanaUp(stored, verdict, options.prometheus, io);
  if (options.grafana !== undefined) return await showInGrafana(options.grafana, stored, verdict, io);
  const drawn = await ifItCanBeJudged(path, io, async () => ({
    file: await reportFile(stored, verdict, io),
    text: `${renderText(verdict, stored.plan, { colour: io.colour, isVerbose: true })}${renderReportText(await reportInputOf(stored, verdict))}\n`,
  }));
  if (!drawn.ok) return drawn.error;
  const { file, text } = drawn.value;
  const index = await writeRunsIndex(dirname(stored.path));
  io.progress(`all runs: ${shortPath(io, index)}`);
  if (options.text !== true && (await openOnScreen(file, io))) {
    io.print(`${shortPath(io, file)}\n`);
    return 0;
  }
  io.print(text);
  io.print(`report: ${shortPath(io, file)}\n`);
  return 0;
}

function problemsOf({ grafana, prometheus }: ReviewOptions): readonly PlacedProblem[] {
  if (prometheus !== undefined && grafana !== true)
    return badOption(
      '--prometheus',
      'applies only to a Grafana that Docker starts: use --grafana without an address',
    ).error;
  return [
    ...(typeof grafana === 'string' ? checkUrl('--grafana', grafana) : []),
    ...(prometheus === undefined ? [] : checkUrl('--prometheus', prometheus)),
  ];
}

/** The stored verdict. If the run was never judged, it is judged now from its files. */
function verdictOf({ path, plan, run, evidence, verdictText }: StoredRun): Verdict {
  if (verdictText !== null) return readVerdict(JSON.parse(verdictText));
  if (evidence !== null) return judge(plan, run, evidence);
  throw new HarnessError('no-evidence', `${path} has no evidence: there is nothing to report`, {
    nextStep: 'query Prometheus now: ./sla verify RUN --prometheus URL',
  });
}

async function reportAlterations(path: string, io: Io): Promise<void> {
  if (!existsSync(join(path, MANIFEST)))
    return io.progress('this run did not finish, so it was never sealed');
  for (const { file, message } of await findAlterations(path))
    io.progress(`${shortPath(io, join(path, file))}: the run does not match its seal: ${message}`);
}

/** The report in the run's folder. For an older run that was sealed without one, a new report in another folder. */
async function reportFile(stored: StoredRun, verdict: Verdict, io: Io): Promise<string> {
  const own = join(stored.path, FILES.report);
  if (existsSync(own)) return own;
  const folder = join(io.project, '.sla', 'reports');
  await makeFolder(folder);
  const file = join(folder, `${basename(stored.path)}.html`);
  await writeWhole(file, await reportOf(stored, verdict));
  return file;
}

// ---------------------------------------------------------------------------------------------- opening the report

/** Returns false if there is no display or no program that can open files. */
async function openOnScreen(file: string, { env }: Io): Promise<boolean> {
  const isMac = process.platform === 'darwin';
  if (!isMac && !env.DISPLAY && !env.WAYLAND_DISPLAY) return false;
  const opener = spawn(isMac ? 'open' : 'xdg-open', [file], { detached: true, stdio: 'ignore' });
  opener.unref();
  return await new Promise((resolve) => {
    opener.once('error', () => resolve(false));
    opener.once('spawn', () => resolve(true));
  });
}
