import type { ClientRequests } from '../model/model.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { emptyColumns, MAX_PATHS } from './columns.ts';

/**
 * The client's requests as bytes (`client.bin`): docs/record-format.md describes them for other writers. Numbers are little-endian.
 *
 *   8 bytes  magic `SLACLNT` and a zero
 *   u32      version
 *   u32      length of the header in bytes
 *   header   JSON, UTF-8: { requests, originSeconds, paths }
 *   columns  start µs (f64), duration ns (u32 low, u16 high), blocked ns (u32 low, u16 high), status (u16), path (u16)
 */
export const CLIENT_FILE = 'client.bin';
const MAGIC = new Uint8Array([...'SLACLNT\0'].map((sign) => sign.charCodeAt(0)));
const VERSION = 1;
const PREFIX_BYTES = MAGIC.length + 8;
const REQUEST_BYTES = 24;

/** The maximum start (115 days). A later start is not a valid measurement, and counting by second would need too much memory. */
const MAX_START_SECONDS = 1e7;
/** The maximum of six bytes: 78 hours in nanoseconds. */
const MAX_NANOS = 2 ** 48 - 1;

interface Header {
  readonly requests: number;
  readonly originSeconds: number;
  readonly paths: readonly string[];
}

// ---------------------------------------------------------------------------------------------- writing

/** Starts are rounded to microseconds, durations to nanoseconds. */
export function encodeClient(client: ClientRequests): Uint8Array {
  const { originSeconds, startSeconds, durationSeconds, blockedSeconds, status, path, paths } = client;
  const requests = status.length;
  const header = new TextEncoder().encode(JSON.stringify({ requests, originSeconds, paths }));
  const bytes = new Uint8Array(PREFIX_BYTES + header.length + REQUEST_BYTES * requests);
  bytes.set(MAGIC);
  bytes.set(header, PREFIX_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(MAGIC.length, VERSION, true);
  view.setUint32(MAGIC.length + 4, header.length, true);
  const at = columnsAt(PREFIX_BYTES + header.length, requests);
  for (let index = 0; index < requests; index++) {
    view.setFloat64(at.start + 8 * index, Math.round(startSeconds[index]! * 1e6), true);
    setNanos(view, at.duration, requests, index, durationSeconds[index]!);
    setNanos(view, at.blocked, requests, index, blockedSeconds[index]!);
    view.setUint16(at.status + 2 * index, status[index]!, true);
    view.setUint16(at.path + 2 * index, path[index]!, true);
  }
  return bytes;
}

/** Where each column begins. */
function columnsAt(first: number, requests: number) {
  const duration = first + 8 * requests;
  const blocked = duration + 6 * requests;
  const status = blocked + 6 * requests;
  return { start: first, duration, blocked, status, path: status + 2 * requests };
}

/** A column of 48-bit values: the low 32 bits of all requests, then the high 16 bits of all requests. */
function setNanos(view: DataView, column: number, requests: number, index: number, seconds: number): void {
  const nanos = Math.min(MAX_NANOS, Math.max(0, Math.round(seconds * 1e9)));
  view.setUint32(column + 4 * index, nanos % 2 ** 32, true);
  view.setUint16(column + 4 * requests + 2 * index, Math.floor(nanos / 2 ** 32), true);
}

const nanosAt = (view: DataView, column: number, requests: number, index: number) =>
  view.getUint16(column + 4 * requests + 2 * index, true) * 2 ** 32 +
  view.getUint32(column + 4 * index, true);

// ---------------------------------------------------------------------------------------------- reading

/** Why bytes are not a record of requests, to follow the file name in a message. */
export interface FileProblem {
  readonly message: string;
}

export function decodeClient(bytes: Uint8Array): Result<ClientRequests, FileProblem> {
  const failure = (message: string) => fail({ message });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wrong = prefixProblem(bytes, view);
  if (wrong !== null) return failure(wrong);
  const end = PREFIX_BYTES + view.getUint32(MAGIC.length + 4, true);
  const header = headerIn(bytes.subarray(PREFIX_BYTES, end));
  if (header === null) return failure('its header is not {requests, originSeconds, paths}');
  const expected = end + REQUEST_BYTES * header.requests;
  if (bytes.length !== expected)
    return failure(
      `it has ${bytes.length} bytes, but its header announces ${header.requests} requests, which take ${expected}: it was cut off, or its columns are of unequal length`,
    );
  const client = columnsIn(view, end, header);
  const problem = columnProblem(client);
  return problem === null ? ok(client) : failure(problem);
}

function prefixProblem(bytes: Uint8Array, view: DataView): string | null {
  if (MAGIC.some((byte, index) => bytes[index] !== byte))
    return bytes.length < MAGIC.length
      ? `it has only ${bytes.length} bytes: it was cut off`
      : 'it does not begin with SLACLNT, so it is not a client record';
  if (bytes.length < PREFIX_BYTES) return `it has only ${bytes.length} bytes: it was cut off`;
  const version = view.getUint32(MAGIC.length, true);
  if (version !== VERSION)
    return `its version is ${version}, but this version of the harness reads version ${VERSION}: use the version that wrote it`;
  const header = view.getUint32(MAGIC.length + 4, true);
  return PREFIX_BYTES + header > bytes.length ? 'it ends within its header, so it was cut off' : null;
}

function headerIn(bytes: Uint8Array): Header | null {
  try {
    const header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isHeader(header) ? header : null;
  } catch {
    return null;
  }
}

function isHeader(header: unknown): header is Header {
  const { requests, originSeconds, paths } = (header ?? {}) as Partial<Header>;
  return (
    Number.isSafeInteger(requests) &&
    requests! >= 0 &&
    Number.isFinite(originSeconds) &&
    Array.isArray(paths) &&
    paths.length <= MAX_PATHS &&
    paths.every((path) => typeof path === 'string')
  );
}

function columnsIn(
  view: DataView,
  first: number,
  { requests, originSeconds, paths }: Header,
): ClientRequests {
  const columns = emptyColumns(requests);
  const at = columnsAt(first, requests);
  for (let index = 0; index < requests; index++) {
    columns.startSeconds[index] = view.getFloat64(at.start + 8 * index, true) / 1e6;
    columns.durationSeconds[index] = nanosAt(view, at.duration, requests, index) / 1e9;
    columns.blockedSeconds[index] = nanosAt(view, at.blocked, requests, index) / 1e9;
    columns.status[index] = view.getUint16(at.status + 2 * index, true);
    columns.path[index] = view.getUint16(at.path + 2 * index, true);
  }
  return { originSeconds, ...columns, paths: [...paths] };
}

/** Values that the columns cannot represent, to follow the file name in a message; null: none. */
export function columnProblem({ startSeconds, durationSeconds, path, paths }: ClientRequests): string | null {
  const odd = startSeconds.findIndex((start) => !(Math.abs(start) <= MAX_START_SECONDS));
  if (odd !== -1) return `request ${odd} starts ${startSeconds[odd]} s after the first, which is impossible`;
  const endless = durationSeconds.findIndex((duration) => !(duration >= 0 && duration <= MAX_NANOS / 1e9));
  if (endless !== -1) return `request ${endless} takes ${durationSeconds[endless]} s, which is impossible`;
  const pathless = path.findIndex((one) => one >= paths.length);
  if (pathless !== -1)
    return `request ${pathless} names path ${path[pathless]}, but there ${paths.length === 1 ? 'is' : 'are'} ${paths.length}`;
  return null;
}
