import { dealEvenly } from '../../service/faults.ts';
import type { Behaviour } from './relay.ts';

/** A share of the requests that the front answers itself, with this status. */
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
 * A front that answers some requests itself, and counts them among those of the service: what Prometheus scrapes holds both, as of
 * one service. `grouped`: its statuses are told by class alone (`4xx`), as some instrumentations do.
 */
export function countingFront(shares: readonly Share[], grouped = false): CountingFront {
  const dealt = shares.map(({ status, percent }) => ({ status, isNext: dealEvenly(percent), count: 0 }));
  return {
    front: async ({ path }, forward) => {
      // Each is asked each time, so that the shares do not depend on each other.
      const due = path === '/predict' ? dealt.filter(({ isNext }) => isNext()) : [];
      const own = due[0];
      if (own === undefined) return await forward();
      own.count += 1;
      return { status: own.status, type: 'application/json', body: '{"error":{"code":"front"}}' };
    },
    scrape: async (_, forward) => {
      const answer = await forward();
      const counts = new Map(dealt.map(({ status, count }) => [`${OWN_SERIES}${status}"}`, count]));
      return { ...answer, body: added(answer.body, counts, grouped) };
    },
  };
}

const LINE = /^([a-z_]+\{.*\}) (\S+)$/;

/** The page with these counts added to it. Label sets that become the same are one series: their values are summed. */
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
  // The service has no series of such a status: it goes to the others of its name.
  const missing = [...open].filter(([name]) => !places.has(name)).map(([name, count]) => `${name} ${count}`);
  const last = lines.findLastIndex((line) => line.startsWith('http_requests_total{'));
  return [...lines.slice(0, last + 1), ...missing, ...lines.slice(last + 1)].join('\n');
}
