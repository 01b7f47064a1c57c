import type { ClientRequests, LoadRecord, RunRecord } from '../model/model.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { emptyColumns } from './columns.ts';
import { CLIENT_FILE, columnProblem, decodeClient, encodeClient } from './file.ts';

/** A run as stored: run.json, and a separate file for the client's requests. */

/**
 * Stored in run.json in place of the requests. Without it, a missing file would look like a run without a
 * record of its requests.
 */
export interface ClientReference {
  readonly file: typeof CLIENT_FILE;
  readonly requests: number;
}

/** The columns in run.json of earlier versions: numbers as text, separated by spaces. */
export interface ClientText {
  readonly originSeconds: number;
  readonly startMs: string;
  readonly durationMs: string;
  readonly blockedMs: string;
  readonly status: string;
  readonly path: string;
  readonly paths: readonly string[];
}

type LoadWithout = Omit<LoadRecord, 'client'>;
export type StoredLoad = LoadWithout & { readonly client?: ClientReference | ClientText };
export type StoredRunRecord = Omit<RunRecord, 'load'> & { readonly load: StoredLoad | null };

/** `client` is the content of client.bin; null if there is no record of the requests. */
export interface RunFiles {
  readonly run: StoredRunRecord;
  readonly client: Uint8Array | null;
}

export function storedFiles({ load, ...run }: RunRecord): RunFiles {
  if (load?.client === undefined) return { run: { ...run, load: load as LoadWithout | null }, client: null };
  const { client, ...rest } = load;
  const reference = { file: CLIENT_FILE, requests: client.status.length } as const;
  return { run: { ...run, load: { ...rest, client: reference } }, client: encodeClient(client) };
}

/** Which file is invalid, and the reason, which follows the file's name in a message. */
export interface StoredProblem {
  readonly file: 'run.json' | typeof CLIENT_FILE;
  readonly message: string;
}

/** Whether run.json refers to a file of the client's requests. */
export const hasClientFile = ({ load }: StoredRunRecord): boolean =>
  load?.client !== undefined && 'file' in load.client;

/** Restores the run. `bytes` is the content of client.bin, required if `hasClientFile`. */
export function restored(
  { load, ...run }: StoredRunRecord,
  bytes: Uint8Array | null,
): Result<RunRecord, StoredProblem> {
  if (load?.client === undefined) return ok({ ...run, load: load as LoadWithout | null });
  const { client: stored, ...rest } = load;
  if (!('file' in stored)) {
    const client = fromText(stored);
    return typeof client === 'string'
      ? fail({ file: 'run.json', message: `load.client: ${client}` })
      : ok({ ...run, load: { ...rest, client } });
  }
  const decoded = decodeClient(bytes ?? new Uint8Array());
  if (!decoded.ok) return fail({ file: CLIENT_FILE, message: decoded.error.message });
  const { length } = decoded.value.status;
  if (length !== stored.requests)
    return fail({
      file: CLIENT_FILE,
      message: `it has ${length} requests, but run.json says ${stored.requests}`,
    });
  return ok({ ...run, load: { ...rest, client: decoded.value } });
}

/** The columns, or the reason why they are invalid. */
export function fromText(client: ClientText): ClientRequests | string {
  const texts = [client.startMs, client.durationMs, client.blockedMs, client.status, client.path];
  const [starts, durations, blocked, statuses, paths] = texts.map((text) =>
    text === '' ? [] : text.split(' ').map(Number),
  ) as [number[], number[], number[], number[], number[]];
  const columns = emptyColumns(statuses.length);
  if ([starts, durations, blocked, paths].some(({ length }) => length !== statuses.length))
    return 'its columns are of unequal length';
  if ([...statuses, ...paths].some((value) => !(Number.isInteger(value) && value >= 0 && value < 2 ** 16)))
    return 'its columns status and path must have whole numbers up to 65535';
  for (let index = 0; index < statuses.length; index++) {
    columns.startSeconds[index] = starts[index]! / 1000;
    columns.durationSeconds[index] = durations[index]! / 1000;
    columns.blockedSeconds[index] = blocked[index]! / 1000;
    columns.status[index] = statuses[index]!;
    columns.path[index] = paths[index]!;
  }
  const requests = { originSeconds: client.originSeconds, ...columns, paths: client.paths };
  return columnProblem(requests) ?? requests;
}
