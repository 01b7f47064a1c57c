import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ReportInput } from '../../dashboards/report/input.ts';
import { renderReport } from '../../dashboards/report.ts';
import { heldUpTo } from '../../slas/capacity/held.ts';
import { type Baseline, type Comparison, compare } from '../../slas/compare/compare.ts';
import { percentilesOf } from '../../slas/compare/percentiles.ts';
import type { RunSeries, SlaDocument, Verdict } from '../../slas/model/model.ts';
import { HarnessError } from '../cli/errors.ts';
import { FILES, type StoredRun } from './bundle.ts';
import { readOptional } from './stored-files.ts';

/** The report of a run, built from the files in the run's folder. */
export async function reportOf(stored: StoredRun, verdict: Verdict): Promise<string> {
  const [input, uplot] = await Promise.all([reportInputOf(stored, verdict), readUplot()]);
  return renderReport({ ...input, uplot });
}

/** Throws HarnessError `bad-run` if the document is missing. */
export async function reportInputOf(
  stored: StoredRun,
  verdict: Verdict,
): Promise<Omit<ReportInput, 'uplot'>> {
  const read = <T>(name: string) => readOptional<T>(name, stored.path);
  const [document, series, environment, baseline] = await Promise.all([
    read<SlaDocument>(FILES.document),
    read<RunSeries>(FILES.series),
    read<unknown>(FILES.environment),
    read<Baseline>(FILES.baseline),
  ]);
  if (document === null) {
    throw new HarnessError('bad-run', `${join(stored.path, FILES.document)} cannot be read`, {
      nextStep: 'the folder was altered: run the load again',
    });
  }
  const comparison = comparisonOf(baseline, stored, verdict, environment);
  const held = heldUpTo(stored.plan, verdict);
  return { ...stored, document, verdict, series, environment, comparison, held };
}

/**
 * Compares the run with the baseline that was chosen before the load. The baseline's numbers are stored in the run's folder,
 * so the report is reproducible.
 */
function comparisonOf(
  baseline: Baseline | null,
  { plan, run, evidence }: StoredRun,
  verdict: Verdict,
  environment: unknown,
): Comparison | null {
  if (baseline === null) return null;
  const percentiles = evidence === null ? {} : percentilesOf(plan, run, evidence);
  return compare(baseline, { plan, verdict, percentiles, environment });
}

let uplot: Promise<ReportInput['uplot']> | null = null;

/** The script and the style that the report contains inline. They are read once, during the load. */
export function readUplot(): Promise<ReportInput['uplot']> {
  uplot ??= readUplotFiles();
  return uplot;
}

/** The location is resolved by Node.js, because npm decides where dependencies are installed. */
async function readUplotFiles(): Promise<ReportInput['uplot']> {
  const { resolve } = createRequire(import.meta.url);
  const [script, style] = await Promise.all(
    ['uPlot.iife.min.js', 'uPlot.min.css'].map((name) => readFile(resolve(`uplot/dist/${name}`), 'utf8')),
  );
  return { script: script!, style: style! };
}
