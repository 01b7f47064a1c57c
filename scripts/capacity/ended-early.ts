import type { CapacityRecord } from '../../slas/capacity/record.ts';
import {
  accept,
  formatProblem,
  type Input,
  type PlacedProblem,
  refuse,
  SHIPPED_DOCUMENT,
} from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import type { Prepared } from '../run/prepare.ts';
import type { CapacityOptions } from './options.ts';
import { sha256Of } from './storage.ts';

/** A search that cannot continue. Once load was sent, the steps so far are reported. */

/** Steps that were judged by different documents cannot be compared. */
export const changesIn = (
  { read, options }: Prepared,
  { documentSha256 }: CapacityRecord,
): readonly PlacedProblem[] =>
  sha256Of(read.text) === documentSha256
    ? []
    : [changed(options.sla, 'was changed during the search, so its steps cannot be compared')];

/** The same for several searches. */
export const changedBetween = (
  first: CapacityRecord,
  next: CapacityRecord,
  { sla }: CapacityOptions,
): readonly PlacedProblem[] =>
  first.documentSha256 === next.documentSha256
    ? []
    : [changed(sla, 'was changed between the searches, so they cannot be compared')];

const changed = (file: string | undefined, what: string): PlacedProblem => ({
  code: 'document-changed',
  path: '',
  file: file ?? SHIPPED_DOCUMENT,
  message: `the SLA document ${what}: start a new search`,
});

export function endedEarly(
  problems: readonly PlacedProblem[],
  record: CapacityRecord,
  io: Pick<Io, 'progress'>,
): Input<CapacityRecord> {
  if (!isLoadSent(record)) return refuse(...problems);
  for (const problem of problems) io.progress(formatProblem(problem));
  return accept(record);
}

export const isLoadSent = ({ steps }: CapacityRecord) => steps.some(({ run }) => run !== null);
