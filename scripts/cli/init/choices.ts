import { parseDuration, parseRate } from '../../../slas/document/limits.ts';
import { valuesOf } from '../../../slas/recognise/labels.ts';
import { type ProposedLimit, proposeLimit } from '../../../slas/recognise/limits.ts';
import type { Recognised } from '../../../slas/recognise/recognise.ts';
import type { Asked } from './sources.ts';

/** The content of the generated files, taken from the options, or else from what was found. */

export interface InitOptions {
  readonly metrics?: string;
  readonly prometheus?: string;
  readonly selector?: string;
  readonly name?: string;
  readonly route?: string;
  readonly method?: string;
  readonly p95?: string;
  readonly p99?: string;
  readonly errors?: string;
  readonly rate?: string;
  readonly duration?: string;
  readonly script?: string;
  readonly target?: string;
  readonly ci?: string;
  readonly out?: string;
  readonly force?: boolean;
}

export interface LatencyChoice {
  readonly percentile: number;
  /** The limit as text, for example `250ms`. */
  readonly limit: string;
  /** How the limit was derived; null: the operator set it. */
  readonly proposed: ProposedLimit | null;
}

export interface Choices {
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  /** The route as it appears in the label; null: all requests. */
  readonly route: string | null;
  /** The path that the client requests, for example `/orders/:id`; null: unknown. */
  readonly clientPath: string | null;
  readonly method: string;
  readonly latencies: readonly LatencyChoice[];
  readonly errorLimit: string;
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
  /** Whether `init` saw requests that it did not send. */
  readonly traffic: Asked['traffic'];
  /** The operator's k6 script; null: `init` writes a new one. */
  readonly script: string | null;
}

const DEFAULT_RATE = 20;
const MIN_DURATION_SECONDS = 30;
/** With fewer scrapes, the edges of the window would dominate the run. */
const MIN_SCRAPES = 8;

export function choose(found: Recognised, asked: Asked, options: InitOptions): Choices {
  const name = options.name ?? asked.name;
  const { routes, requests } = found;
  const named = routes.find(({ route }) => route === options.route);
  const busiest = routes[0] ?? null;
  const route = requests?.routeLabel === null ? null : (options.route ?? busiest?.route ?? null);
  const latencies = [
    latencyOf(95, options.p95, found, route),
    ...(options.p99 === undefined ? [] : [latencyOf(99, options.p99, found, route)]),
  ];
  return {
    name,
    selector: asked.selector ?? { job: name },
    route,
    clientPath: clientPathOf(options.route ?? route),
    method: (options.method ?? (named ?? busiest)?.method ?? onlyMethod(found) ?? 'GET').toUpperCase(),
    latencies,
    errorLimit: options.errors ?? '1%',
    ratePerSecond: options.rate === undefined ? DEFAULT_RATE : parseRate(options.rate)!,
    durationSeconds: durationOf(options, asked),
    traffic: asked.traffic,
    script: options.script ?? null,
  };
}

const durationOf = ({ duration }: InitOptions, { scrapeSeconds }: Asked) =>
  duration === undefined
    ? Math.max(MIN_DURATION_SECONDS, Math.ceil((MIN_SCRAPES * (scrapeSeconds ?? 1)) / 10) * 10)
    : parseDuration(duration)!;

const onlyMethod = ({ requests }: Recognised) => {
  if (requests === null || requests.methodLabel === null) return undefined;
  const methods = valuesOf(requests.metric.rows, requests.methodLabel);
  return methods.length === 1 ? methods[0] : undefined;
};

function latencyOf(
  percentile: number,
  limit: string | undefined,
  { latency, requests }: Recognised,
  route: string | null,
): LatencyChoice {
  if (limit !== undefined) return { percentile, limit: limit.replace(/^\s*<=?\s*/, ''), proposed: null };
  if (latency === null) return { percentile, limit: '200ms', proposed: null };
  const label = latency.routeLabel ?? requests?.routeLabel;
  const isMeant = ({ labels }: { readonly labels: Readonly<Record<string, string>> }) =>
    route === null || label == null || labels[label] === undefined || labels[label] === route;
  const proposed = proposeLimit(latency.metric, latency.status, isMeant, percentile);
  return { percentile, limit: inWords(proposed.seconds), proposed };
}

/** A duration in the notation of documents, such as `250ms` or `2.5s`. */
export const inWords = (seconds: number) =>
  seconds < 1 ? `${Number((seconds * 1000).toPrecision(12))}ms` : `${seconds}s`;

/** Matches a variable part of a route. Frameworks write it as `{id}`, `:id` or `<int:id>`. */
function clientPathOf(route: string | null): string | null {
  if (route === null || !route.startsWith('/')) return null;
  const path = route
    .replace(/\{[*]?([A-Za-z_]\w*)[^}]*\}/g, ':$1')
    .replace(/<(?:\w+:)?([A-Za-z_]\w*)>/g, ':$1');
  return /[*^$()[\]{}<>\s"]/.test(path) ? null : path;
}
