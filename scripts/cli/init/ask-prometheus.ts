import { apiEndpoint, withoutSecrets } from '../../../slas/prometheus/http.ts';
import { type ExposedSample, numberOf } from '../../../slas/recognise/exposition.ts';
import { accessOf } from '../../run/prometheus-access.ts';
import type { Io } from '../io.ts';
import { type Answers, growthOf, NotRead, responseAt, slug } from './sources.ts';

/** Asks a Prometheus for the series of a service, for their types, and for the scrape interval. */

interface VectorOne {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
  readonly histogram?: readonly [number, { readonly count: string }];
}

/** Only the last few scrapes are searched for growth, because the operator may have tried the service before. */
const GROWTH_SCRAPES = 3;
const DEFAULT_SCRAPE_SECONDS = 15;

export async function askPrometheus(
  url: string,
  selector: Readonly<Record<string, string>>,
  io: Io,
): Promise<Answers> {
  const matchers = Object.entries(selector)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(',');
  const ask = async <T>(path: string, parameters: Record<string, string>): Promise<T> => {
    const access = accessOf(io.env, io.cwd);
    const { endpoint, credentials } = apiEndpoint(url, path, access);
    endpoint.search = new URLSearchParams(parameters).toString();
    const { text } = await responseAt(endpoint, { ...access, headers: credentials }, 'Prometheus', io);
    try {
      return (JSON.parse(text) as { data: T }).data;
    } catch (cause) {
      throw new NotRead(
        'not-readable',
        `${withoutSecrets(url)} did not send JSON, so it is not a Prometheus`,
        'check its address',
        cause,
      );
    }
  };
  const query = async (text: string) =>
    (await ask<{ result: readonly VectorOne[] }>('query', { query: text })).result;
  const up = await query(`up{${matchers}}[10m]`);
  const scrapeSeconds = spacingOf(up);
  const agoSeconds = Math.ceil(GROWTH_SCRAPES * (scrapeSeconds ?? DEFAULT_SCRAPE_SECONDS));
  const [now, before] = await Promise.all([
    query(`{${matchers}}`),
    query(`{${matchers}} offset ${agoSeconds}s`),
  ]);
  if (now.length === 0) throw await noSeries(withoutSecrets(url), query);
  const metadata = await ask<Record<string, readonly { type: string; unit: string }[]>>('metadata', {}).catch(
    () => {
      io.signal.throwIfAborted();
      return {};
    },
  );
  const samples = now.flatMap((one) => samplesOf(one, selector));
  const natives = now.flatMap(({ metric, histogram }) => (histogram === undefined ? [] : [metric.__name__!]));
  const kinds = Object.entries(metadata).map(([name, [one]]) => [name, one!] as const);
  return {
    exposed: {
      samples,
      types: new Map(kinds.map(([name, { type }]) => [name, type])),
      units: new Map(kinds.flatMap(([name, { unit }]) => (unit ? [[name, unit] as const] : []))),
      natives: new Set(natives),
    },
    name: slug(selector.job ?? Object.values(selector)[0]!),
    selector,
    scrapeSeconds,
    replicas: up.length,
    hasContentType: true,
    hasToken: false,
    growth: growthOf(
      before.flatMap((one) => samplesOf(one, selector)),
      samples,
    ),
    asks: scrapeSeconds === null ? null : (agoSeconds / scrapeSeconds) * up.length,
  };
}

/** The maximum number of jobs in a message. */
const MAX_LISTED = 10;

/** The error for labels that no target has. It lists the jobs of the existing targets. */
async function noSeries(
  url: string,
  query: (text: string) => Promise<readonly VectorOne[]>,
): Promise<NotRead> {
  const jobs = (await query('count by (job) (up)')).flatMap(({ metric }) => metric.job ?? []).toSorted();
  const more = jobs.length > MAX_LISTED ? ', …' : '';
  const listed = jobs.slice(0, MAX_LISTED).map((job) => `job=${job}`);
  const what = jobs.length === 0 ? 'it scrapes nothing yet' : `it scrapes ${listed.join(', ')}${more}`;
  return new NotRead('not-readable', `${url} has no series with these labels: ${what}`, 'correct --selector');
}

/** Removes the labels of the target: they say where a series comes from, not what it counts. */
function samplesOf(
  { metric, value, histogram }: VectorOne,
  selector: Readonly<Record<string, string>>,
): readonly ExposedSample[] {
  const { __name__: name, ...rest } = metric;
  // Kubernetes service discovery uses this label for the port. Elsewhere, it may contain the route.
  const isPort = rest.pod !== undefined && rest.namespace !== undefined;
  const labels = Object.fromEntries(
    Object.entries(rest).filter(
      ([label]) => !Object.hasOwn(selector, label) && !(isPort && label === 'endpoint'),
    ),
  );
  const number = numberOf(value?.[1] ?? histogram?.[1].count ?? '');
  return name === undefined || number === null ? [] : [{ name, labels, value: number }];
}

/** The median time between scrapes. */
function spacingOf(up: readonly VectorOne[]): number | null {
  const gaps = up
    .flatMap(({ values = [] }) => values.slice(1).map(([at], index) => at - values[index]![0]))
    .toSorted((a, b) => a - b);
  return gaps.length === 0 ? null : Math.round(gaps[Math.floor(gaps.length / 2)]! * 10) / 10;
}
