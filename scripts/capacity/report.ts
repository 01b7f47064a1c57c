import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { renderCapacity } from '../../dashboards/report/capacity.ts';
import { renderVariants } from '../../dashboards/report/capacity-by.ts';
import type { CapacityRecord } from '../../slas/capacity/record.ts';
import type { CapacityResult } from '../../slas/capacity/result.ts';
import { basisInWords } from '../../slas/render/capacity-basis.ts';
import { type Searched, variantsMarkdown } from '../../slas/render/capacity-by.ts';
import { capacityMarkdown } from '../../slas/render/capacity-text.ts';
import { shortPath } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import type { RunFolder } from '../runs/bundle.ts';
import { kubernetesPatch } from './kubernetes-patch.ts';
import { CAPACITY_FILES, VARIANT_FILES } from './storage.ts';

/** A fixed seed, so that a report always has the same intervals. */
export const SEED = 1;

export async function writeReports(
  record: CapacityRecord,
  result: CapacityResult,
  folder: RunFolder,
  io: Io,
): Promise<void> {
  await folder.writeText(CAPACITY_FILES.markdown, capacityMarkdown(record, result));
  if (result.pod.ok) {
    const patch = kubernetesPatch(record, result.pod.size, basisInWords(record, result));
    await folder.writeMade(CAPACITY_FILES.patch, patch);
  }
  // An earlier report of this search may have had one.
  else await rm(join(folder.path, CAPACITY_FILES.patch), { force: true });
  await folder.writeMade(CAPACITY_FILES.report, renderCapacity(record, result));
  io.progress(`report: ${shortPath(io, join(folder.path, CAPACITY_FILES.report))}`);
}

/**
 * Writes one report for several searches, in its own folder next to the folders of the searches.
 *
 * @param missing values whose search did not end
 */
export async function writeVariants(
  searched: readonly Searched[],
  missing: readonly string[],
  folder: RunFolder,
  io: Io,
): Promise<void> {
  await folder.writeText(VARIANT_FILES.markdown, variantsMarkdown(searched, missing));
  await folder.writeMade(VARIANT_FILES.report, renderVariants(searched, missing));
  io.progress(`report of all searches: ${shortPath(io, join(folder.path, VARIANT_FILES.report))}`);
}
