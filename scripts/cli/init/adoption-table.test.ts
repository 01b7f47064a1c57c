import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { adviseEdge, DEFAULT_EDGES, LIBRARIES, type Library } from '../../../slas/document/edge-advice.ts';
import { parseExposition } from '../../../slas/recognise/exposition.ts';
import { recognise } from '../../../slas/recognise/recognise.ts';
import { EXPOSED } from '../../../slas/testing/exposed-libraries.ts';
import { ROOT } from '../../testing/sla.ts';

/** docs/adoption.md has a table of what `init` finds. To print the current table, run this test with UPDATE_TABLE=1. */

const code = (text: string) => `\`${text}\``;

function rowOf(text: string): string {
  const { library, requests, latency, where } = recognise(parseExposition(text));
  const extra = Object.entries(where).map(([label, value]) => ` with ${code(`${label}="${value}"`)}`);
  const route = requests?.routeLabel ?? null;
  const edges =
    latency?.metric.kind === 'classic'
      ? `${latency.metric.edges.slice(0, 14).join(' ')}${latency.metric.edges.length > 14 ? ' …' : ''}`
      : 'none: a summary';
  const unit = latency?.metric.unit === 'milliseconds' ? ' ms' : ' s';
  return `| ${[
    library.title,
    `${code(requests!.metric.name)}${extra.join('')}`,
    requests?.status == null ? '–' : code(requests.status.label),
    route === null ? '–' : code(route),
    `${code(latency!.metric.name)}${latency!.status === null ? ', without a status' : ''}`,
    latency?.metric.kind === 'classic' ? `${edges}${unit}` : edges,
  ].join(' | ')} |`;
}

test('the table in docs/adoption.md matches what init finds', () => {
  const table = [
    '| library | requests | status | route | latency | edges |',
    '| --- | --- | --- | --- | --- | --- |',
    ...Object.values(EXPOSED).map(rowOf),
  ].join('\n');
  const page = readFileSync(join(ROOT, 'docs', 'adoption.md'), 'utf8');
  if (process.env.UPDATE_TABLE === '1') console.log(table);
  expect(page).toContain(table);
});

const HISTOGRAMS: Readonly<Partial<Record<Library, string>>> = {
  micrometer: 'http_server_requests_seconds',
  opentelemetry: 'http_server_request_duration_seconds',
};

test('the lines in docs/adoption.md that add an edge at 200 ms match those that check prints', () => {
  const rows = LIBRARIES.filter((library) => library !== 'unknown').map((library) => {
    const histogram = HISTOGRAMS[library] ?? 'http_request_duration_seconds';
    const edges = DEFAULT_EDGES[library] ?? [];
    const line = adviseEdge({ library, histogram, edges, limitSeconds: 0.2 });
    return `| ${library} | ${code(line)} |`;
  });
  const table = ['| library | add |', '| --- | --- |', ...rows].join('\n');
  const page = readFileSync(join(ROOT, 'docs', 'adoption.md'), 'utf8');
  if (process.env.UPDATE_TABLE === '1') console.log(table);
  expect(page).toContain(table);
});
