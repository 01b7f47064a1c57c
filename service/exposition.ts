import { type Exemplars, exemplarKey } from './exemplars.ts';

export const textType = 'text/plain; version=0.0.4; charset=utf-8';
export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/**
 * True if the q values of the `Accept` header prefer OpenMetrics to Prometheus's text format. Without the
 * header, the result is false.
 */
export function prefersOpenMetrics(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes('application/openmetrics-text')) return false;
  const ranges = accept.split(',').map((part) => part.split(';').map((field) => field.trim().toLowerCase()));
  const qualityOf = (...types: readonly string[]) =>
    Math.max(0, ...ranges.filter(([type]) => types.includes(type!)).map(([, ...fields]) => quality(fields)));
  return qualityOf('application/openmetrics-text') > qualityOf('text/plain', 'text/*', '*/*');
}

function quality(fields: readonly string[]): number {
  const given = fields.find((field) => field.startsWith('q='));
  const value = given === undefined ? 1 : Number(given.slice(2));
  return Number.isFinite(value) ? value : 0;
}

/**
 * The same samples as OpenMetrics 1.0. Sample names and `le` values are identical to the text format, so no series depends on
 * the format of a scrape. A counter's family loses `_total`, as OpenMetrics requires, and buckets carry their exemplars.
 */
export function toOpenMetrics(text: string, exemplars: Exemplars): string {
  const lines: string[] = [];
  let help = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    if (line.startsWith('# HELP ')) help = line;
    else if (line.startsWith('# TYPE ')) lines.push(...describe(help, line));
    else lines.push(exemplars.size === 0 ? line : withExemplar(line, exemplars));
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

/** In the text format HELP precedes TYPE, but the family's name depends on the type. */
function describe(help: string, type: string): string[] {
  const [, , name, kind] = type.split(' ');
  const isCounter = kind === 'counter' && name!.endsWith('_total');
  const family = isCounter ? name!.slice(0, -'_total'.length) : name;
  const words = help.slice(`# HELP ${name} `.length).replaceAll('"', '\\"');
  // OpenMetrics requires the suffix for counters.
  const told = kind === 'counter' && !isCounter ? 'unknown' : kind;
  return [`# HELP ${family} ${words}`, `# TYPE ${family} ${told}`];
}

function withExemplar(line: string, exemplars: Exemplars): string {
  const exemplar = exemplars.get(exemplarKey(line));
  if (exemplar === undefined) return line;
  const { traceId, value, atSeconds } = exemplar;
  return `${line} # {trace_id="${traceId}"} ${value} ${atSeconds}`;
}
