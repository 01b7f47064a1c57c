import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { GrowingColumns } from '../../slas/client/columns.ts';
import type { ClientRequests, PhaseRecord } from '../../slas/model/model.ts';

/**
 * Metrics of loadtests/lib/request.ts: the first two have one sample per request, the last one per virtual
 * user and phase.
 */
export const REQUEST_METRIC = 'sla_request_ms';
const LATE = 'sla_started_late_ms';
const BEGAN = 'sla_phase_began_at_ms';

/** The requests that k6 recorded, individually and by phase. */
export interface RecordedLoad {
  readonly client: ClientRequests | null;
  /** By name; only phases that started. */
  readonly phases: ReadonlyMap<string, PhaseRecord>;
  /** p99 of the start delay of all requests; null if none was recorded. */
  readonly startedLateP99Seconds: number | null;
}

export interface RecordedRequest {
  readonly endMs: number;
  readonly durationMs: number;
  readonly status: string;
  readonly path: string;
  readonly blocked: string;
}

/**
 * Reads the requests from k6's CSV output (`--out csv=…`, times in Unix microseconds), line by line. `client`
 * is null if there are none. A killed k6 leaves what it had written: those requests were sent, whatever
 * happened to the rest. Several files belong to several k6 processes that shared one load.
 */
export async function readRequests(csvFiles: readonly string[]): Promise<RecordedLoad> {
  const requests: RecordedRequest[] = [];
  const phases: Phases = new Map();
  for (const file of csvFiles) await readFileOf(file, requests, phases);
  const lateMs = [...phases.values()].flatMap((phase) => phase.lateMs);
  return {
    client: compact(requests),
    phases: summarised(phases),
    startedLateP99Seconds: lateMs.length === 0 ? null : p99(lateMs) / 1000,
  };
}

async function readFileOf(csvFile: string, requests: RecordedRequest[], phases: Phases): Promise<void> {
  let columns: readonly string[] = [];
  const input = createReadStream(csvFile);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (columns.length === 0) columns = line.split(',');
      else if (line.startsWith(`${REQUEST_METRIC},`)) requests.push(...parseLine(line, columns));
      else if (line.startsWith(`${LATE},`) || line.startsWith(`${BEGAN},`)) notePhase(line, columns, phases);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The 99th percentile. Sorts its argument. */
function p99(values: number[]): number {
  const ordered = values.sort((a, b) => a - b);
  return ordered[Math.ceil(0.99 * ordered.length) - 1]!;
}

type Phases = Map<string, { beganMs: number; lateMs: number[] }>;

/** k6 names a phase's requests by its scenario. */
function notePhase(line: string, columns: readonly string[], phases: Phases): void {
  const fields = fieldsOf(line);
  if (fields.length !== columns.length) return;
  const value = Number(fields[columns.indexOf('metric_value')]);
  const name = fields[columns.indexOf('scenario')]!;
  const phase = phases.get(name) ?? { beganMs: Number.POSITIVE_INFINITY, lateMs: [] };
  if (line.startsWith(LATE)) phase.lateMs.push(value);
  else phase.beganMs = Math.min(phase.beganMs, value);
  phases.set(name, phase);
}

/** Phases without a recorded start are left out. */
function summarised(phases: Phases): RecordedLoad['phases'] {
  const known = [...phases].filter(
    ([, { beganMs, lateMs }]) => Number.isFinite(beganMs) && lateMs.length > 0,
  );
  return new Map(
    known.map(([name, { beganMs, lateMs }]): [string, PhaseRecord] => {
      const startedLateP99Seconds = p99(lateMs) / 1000;
      return [name, { name, fromSeconds: beganMs / 1000, sent: lateMs.length, startedLateP99Seconds }];
    }),
  );
}

/** Group names come from the script and may contain commas and quotes. */
export function fieldsOf(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare!,
  );
}

/** A truncated last line has too few fields and is skipped. */
export function parseLine(line: string, columns: readonly string[]): RecordedRequest[] {
  const fields = fieldsOf(line);
  if (fields.length !== columns.length) return [];
  const field = (name: string) => fields[columns.indexOf(name)] ?? '';
  const tag = (name: string) => new RegExp(`(?:^|&)${name}=([^&]*)`).exec(field('extra_tags'))?.[1] ?? '';
  return [
    {
      endMs: Number(field('timestamp')) / 1000,
      durationMs: Number(field('metric_value')),
      status: field('status'),
      path: decodeURIComponent(tag('path')),
      blocked: tag('blocked'),
    },
  ];
}

function compact(requests: readonly RecordedRequest[]): ClientRequests | null {
  const columns = new GrowingColumns();
  for (const { endMs, durationMs, blocked, status, path } of requests)
    columns.add(endMs * 1000, durationMs / 1000, Number(blocked) / 1000, Number(status), path);
  return columns.done();
}
