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
import { sha256Of } from './storage.ts';

/** A search that cannot continue. Once load was sent, the steps so far are reported. */

/** Steps that were judged by different documents cannot be compared. */
export const changesIn = (
  { read, options }: Prepared,
  { documentSha256 }: CapacityRecord,
): readonly PlacedProblem[] =>
  sha256Of(read.text) === documentSha256
    ? []
    : [
        {
          code: 'document-changed',
          path: '',
          file: options.sla ?? SHIPPED_DOCUMENT,
          message:
            'the SLA document was changed during the search, so its steps cannot be compared: start a new search',
        },
      ];

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
