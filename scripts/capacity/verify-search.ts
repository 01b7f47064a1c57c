import { join } from 'node:path';
import { resultOf } from '../../slas/capacity/result.ts';
import { capacityText } from '../../slas/render/capacity-text.ts';
import { countOf } from '../../slas/render/numbers.ts';
import { seeded } from '../../slas/simulation/queues.ts';
import { badOption, type PlacedProblem, shortPath } from '../cli/inputs.ts';
import type { ExitCode, Io } from '../cli/io.ts';
import { toJson } from '../runs/bundle.ts';
import { storedHistory } from './past.ts';
import { SEED } from './report.ts';
import { CAPACITY_FILES, readRecord } from './storage.ts';
import { differenceFromRuns } from './stored-steps.ts';

/** `./sla verify` on the folder of a search: judges every stored run again. It needs nothing from outside the folder. */

interface Asked {
  readonly prometheus?: string;
  readonly sla?: string;
  readonly confidence?: string;
  readonly ingestDelay?: string;
  readonly json?: boolean;
}

export async function verifySearch(
  path: string,
  { json, ...asked }: Asked,
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const given = (['prometheus', 'sla', 'confidence', 'ingestDelay'] as const).find(
    (name) => asked[name] !== undefined,
  );
  if (given !== undefined)
    return badOption(
      `--${given === 'ingestDelay' ? 'ingest-delay' : given}`,
      'a search is judged from its own files, at its own confidence: leave the option out',
    ).error;
  const file = shortPath(io, join(path, CAPACITY_FILES.record));
  const altered = (message: string): readonly PlacedProblem[] => [
    { code: 'altered', path: '', file, message },
  ];
  const stored = await readRecord(path);
  if (!stored.ok)
    return altered(`it was altered, or was not written by this version: ${stored.error.message}`);
  const record = stored.value;
  const { length } = record.steps.filter(({ run }) => run !== null);
  io.progress(`judging ${countOf(length, 'stored run')} again`);
  const difference = await differenceFromRuns(record, path, io);
  if (difference !== null) return altered(`the search does not agree with its stored runs: ${difference}`);
  io.progress(`every stored run gives what ${file} says`);
  const result = resultOf(record, seeded(SEED), { history: await storedHistory(record, path), others: [] });
  io.print(json === true ? toJson(record) : capacityText(record, result));
  return result.answer?.ok === true ? 0 : 3;
}
