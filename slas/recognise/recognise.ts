import type { Exposed } from './exposition.ts';
import {
  type CounterMetric,
  type Inventory,
  inventoryOf,
  isOfTime,
  type Row,
  type TimeMetric,
} from './inventory.ts';
import {
  isOwnRoute,
  methodLabelOf,
  routeLabelOf,
  type StatusLabel,
  statusLabelOf,
  valuesOf,
} from './labels.ts';
import { type Library, libraryOf } from './libraries.ts';

/** Recognises how a service measures its requests: by the names of known libraries, else by the shape of its metrics. */

/** A metric that counts requests, and how its labels describe them. */
export interface Metric<T> {
  readonly metric: T;
  readonly status: StatusLabel | null;
  readonly routeLabel: string | null;
  readonly methodLabel: string | null;
}

export interface Route {
  readonly route: string;
  readonly method: string | null;
  readonly count: number;
}

export interface Recognised {
  readonly library: Library;
  /** null if no metric counts requests. The name may be that of a histogram, with `_count`. */
  readonly requests: Metric<CounterMetric> | null;
  /** null if no metric measures how long requests take. */
  readonly latency: Metric<TimeMetric> | null;
  /** Labels that every selection needs, because a request is counted more than once without them. */
  readonly where: Readonly<Record<string, string>>;
  /** Routes that users request come before those that operators request; within each group, the busiest comes first. */
  readonly routes: readonly Route[];
  /** Other metrics that might have been meant, by name. */
  readonly others: readonly string[];
  readonly hasStartTime: boolean;
}

export function recognise(exposed: Exposed): Recognised {
  const inventory = inventoryOf(exposed);
  const library = libraryOf(inventory);
  const requests = counterOf(inventory, library);
  const latency = timeOf(inventory, library);
  const where = whereOf(library, requests, latency);
  const isMeant = ({ labels }: Row) =>
    Object.entries(where).every(([label, value]) => labels[label] === value);
  const within = <T extends { readonly rows: readonly Row[] }>(one: Metric<T> | null): Metric<T> | null =>
    one && {
      ...one,
      metric: { ...one.metric, rows: one.metric.rows.filter(isMeant) },
      routeLabel: Object.hasOwn(where, one.routeLabel ?? '') ? null : one.routeLabel,
    };
  const counted = within(requests);
  return {
    library,
    requests: counted,
    latency: within(latency),
    where,
    routes: routesOf(counted),
    others: othersOf(inventory, requests, latency),
    hasStartTime: inventory.names.has('process_start_time_seconds'),
  };
}

/** Counters of the harness, of a runtime or of another role, which do not count requests that the service received. */
const NOT_REQUESTS =
  /^(?:promhttp_|prometheus_|go_|python_|process_|nodejs_|jvm_|scrape_|caddy_admin_|tomcat_|hikaricp_|executor_|logback_|alertmanager_)|client|_active_|_in_flight|upstream_rq_(?:retry|pending)|connections?/;
const OF_REQUESTS = /request|http|rpc|handled|_rq_|_rq$|call/;

const isCandidate = (name: string) => !NOT_REQUESTS.test(name) && OF_REQUESTS.test(name);

const described = <T extends { readonly rows: readonly Row[] }>(metric: T): Metric<T> => ({
  metric,
  status: statusLabelOf(metric.rows),
  routeLabel: routeLabelOf(metric.rows),
  methodLabel: methodLabelOf(metric.rows),
});

const total = (rows: readonly Row[]) => rows.reduce((sum, { count }) => sum + count, 0);

/** Known names first, then labels that describe requests, then traffic. */
function best<T extends { readonly name: string; readonly rows: readonly Row[] }>(
  all: readonly T[],
  known: readonly string[],
  points: (metric: T) => number,
): Metric<T> | null {
  const ranked = all.map((metric) => {
    const one = described(metric);
    const at = known.indexOf(metric.name);
    const score =
      (at === -1 ? 0 : 100 - at) +
      (one.status === null ? 0 : 10) +
      (one.routeLabel === null ? 0 : 5) +
      points(metric);
    return { one, score };
  });
  const sorted = ranked.toSorted(
    (a, b) => b.score - a.score || total(b.one.metric.rows) - total(a.one.metric.rows),
  );
  return sorted[0]?.one ?? null;
}

/** Counters, and the counts of times: many libraries have no counter of their own. */
function countersIn({ counters, times }: Inventory): readonly CounterMetric[] {
  const ofTimes = times
    .filter(({ name, kind }) => isOfTime(name) && kind !== 'native')
    .map(({ name, rows }) => ({ name: `${name}_count`, rows }));
  return [...counters, ...ofTimes].filter(({ name, rows }) => isCandidate(name) && rows.length > 0);
}

const NAMED_AS_COUNTER = /requests?_total$|handled_total$/;

const counterOf = (inventory: Inventory, { counters }: Library) =>
  best(countersIn(inventory), counters, ({ name }) => (NAMED_AS_COUNTER.test(name) ? 3 : 0));

const isTime = ({ name }: TimeMetric) => isCandidate(name) && isOfTime(name);

const timeOf = (inventory: Inventory, { times }: Library) =>
  best(
    inventory.times.filter((one) => isTime(one) && one.rows.length > 0),
    times,
    ({ kind }) => (kind === 'summary' ? 0 : 4),
  );

/** Caddy counts a request once for each handler that it passes; the busiest is the one that all pass. */
function whereOf(
  { id, where = {} }: Library,
  requests: Metric<CounterMetric> | null,
  latency: Metric<TimeMetric> | null,
): Readonly<Record<string, string>> {
  const rows = requests?.metric.rows ?? latency?.metric.rows ?? [];
  const present = Object.entries(where).filter(([label, value]) => valuesOf(rows, label).includes(value));
  if (id !== 'caddy') return Object.fromEntries(present);
  const handlers = valuesOf(rows, 'handler').map((handler) => ({
    handler,
    count: total(rows.filter(({ labels }) => labels.handler === handler)),
  }));
  const [busiest] = handlers.toSorted((a, b) => b.count - a.count);
  return busiest === undefined ? {} : { handler: busiest.handler };
}

function routesOf(requests: Metric<CounterMetric> | null): readonly Route[] {
  const { routeLabel = null, methodLabel = null } = requests ?? {};
  if (requests === null || routeLabel === null) return [];
  const groups = Map.groupBy(requests.metric.rows, ({ labels }) =>
    JSON.stringify([labels[routeLabel] ?? '', methodLabel === null ? null : (labels[methodLabel] ?? null)]),
  );
  const routes = [...groups].map(([key, own]): Route => {
    const [route, method] = JSON.parse(key) as [string, string | null];
    return { route, method, count: total(own) };
  });
  return routes
    .filter(({ route }) => route !== '')
    .toSorted((a, b) => Number(isOwnRoute(a.route)) - Number(isOwnRoute(b.route)) || b.count - a.count);
}

function othersOf(
  inventory: Inventory,
  requests: Metric<CounterMetric> | null,
  latency: Metric<TimeMetric> | null,
): readonly string[] {
  const names = [
    ...inventory.counters.filter(({ name }) => isCandidate(name)).map(({ name }) => name),
    ...inventory.times.filter(isTime).map(({ name }) => name),
  ];
  const chosen = [requests?.metric.name, latency?.metric.name];
  return names.filter((name) => !chosen.includes(name) && !chosen.includes(`${name}_count`));
}
