import { dealEvenly } from '../../service/faults.ts';
import type { Behaviour } from './relay.ts';

/** The share of requests that the front responds to itself, and the status. */
export interface Share {
  readonly status: number;
  readonly percent: number;
}

export interface CountingFront {
  readonly front: Behaviour;
  readonly scrape: Behaviour;
}

const OWN_SERIES = 'http_requests_total{method="POST",handler="/predict",status="';

/**
 * A front that responds to some requests itself, and adds these requests to the service's counts. Prometheus
 * therefore scrapes both as one service. With `grouped`, statuses are classes only (`4xx`), as some instrumentations
 * export them.
 */
export function countingFront(shares: readonly Share[], grouped = false): CountingFront {
  const answered = shares.map(({ status, percent }) => ({ status, isNext: dealEvenly(percent), count: 0 }));
  return {
    front: async ({ path }, forward) => {
      // Every share is evaluated for every request, so that the shares are independent.
      const due = path === '/predict' ? answered.filter(({ isNext }) => isNext()) : [];
      const own = due[0];
      if (own === undefined) return await forward();
      own.count += 1;
      return { status: own.status, type: 'application/json', body: '{"error":{"code":"front"}}' };
    },
    scrape: async (_, forward) => {
      const answer = await forward();
      const counts = new Map(answered.map(({ status, count }) => [`${OWN_SERIES}${status}"}`, count]));
      return { ...answer, body: added(answer.body, counts, grouped) };
    },
  };
}

const LINE = /^([a-z_]+\{.*\}) (\S+)$/;

/**
 * The metrics page with these counts added. Label sets that become equal are merged into one series by
 * summing their values.
 */
function added(page: string, counts: ReadonlyMap<string, number>, grouped: boolean): string {
  const named = (series: string) =>
    grouped ? series.replace(/status="([1-5])\d\d"/, 'status="$1xx"') : series;
  const open = new Map([...counts].map(([series, count]) => [named(series), count]));
  const lines: string[] = [];
  const places = new Map<string, number>();
  const values = new Map<string, number>();
  for (const line of page.split('\n')) {
    const [, series, value] = LINE.exec(line) ?? [];
    if (series === undefined || !/status="/.test(series)) {
      lines.push(line);
      continue;
    }
    const name = named(series);
    if (!places.has(name)) places.set(name, lines.push('') - 1);
    values.set(name, (values.get(name) ?? open.get(name) ?? 0) + Number(value));
  }
  for (const [name, at] of places) lines[at] = `${name} ${values.get(name)!}`;
  // The service has no series with such a status, so the new series is placed next to the others of its name.
  const missing = [...open].filter(([name]) => !places.has(name)).map(([name, count]) => `${name} ${count}`);
  const last = lines.findLastIndex((line) => line.startsWith('http_requests_total{'));
  return [...lines.slice(0, last + 1), ...missing, ...lines.slice(last + 1)].join('\n');
}
