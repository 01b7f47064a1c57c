import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { ClientRequests } from '../slas/model.ts';

/** The metric of loadtests/lib/request.ts that has a sample a request. */
const METRIC = 'sla_request_ms';

interface Request {
  readonly endMs: number;
  readonly durationMs: number;
  readonly status: string;
  readonly path: string;
  readonly blocked: string;
}

/**
 * Reads the requests out of k6's CSV output (`--out csv=…`, times in Unix microseconds), a line at a time. null when there is
 * none. A k6 that was killed leaves what it had written: those requests were sent, whatever became of the rest.
 */
export async function readRequests(csvFile: string): Promise<ClientRequests | null> {
  const requests: Request[] = [];
  let columns: readonly string[] = [];
  const input = createReadStream(csvFile);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (columns.length === 0) columns = line.split(',');
      else if (line.startsWith(`${METRIC},`)) requests.push(...parseLine(line, columns));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return requests.length === 0 ? null : compact(requests);
}

/** No field of ours has a comma or a quote in it; a last line that was cut off has too few fields. */
function parseLine(line: string, columns: readonly string[]): Request[] {
  const fields = line.split(',');
  if (fields.length !== columns.length) return [];
  const field = (name: string) => fields[columns.indexOf(name)] ?? '';
  const tag = (name: string) => new RegExp(`(?:^|&)${name}=([^&]*)`).exec(field('extra_tags'))?.[1] ?? '';
  return [
    {
      endMs: Number(field('timestamp')) / 1000,
      durationMs: Number(field('metric_value')),
      status: field('status'),
      path: tag('path'),
      blocked: tag('blocked'),
    },
  ];
}

function compact(requests: readonly Request[]): ClientRequests {
  const ordered = requests.toSorted((a, b) => a.endMs - b.endMs);
  const starts = ordered.map(({ endMs, durationMs }) => endMs - durationMs);
  const originMs = starts.reduce((least, start) => Math.min(least, start), Number.POSITIVE_INFINITY);
  const paths = [...new Set(ordered.map(({ path }) => path))];
  return {
    originSeconds: originMs / 1000,
    startMs: starts.map((start) => (start - originMs).toFixed(1)).join(' '),
    durationMs: ordered.map(({ durationMs }) => durationMs.toFixed(3)).join(' '),
    blockedMs: ordered.map(({ blocked }) => blocked).join(' '),
    status: ordered.map(({ status }) => status).join(' '),
    path: ordered.map(({ path }) => paths.indexOf(path)).join(' '),
    paths,
  };
}
