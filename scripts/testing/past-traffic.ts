import { HOUR_SECONDS, WEEK_SECONDS } from '../../slas/capacity/traffic/model.ts';
import type { Series } from '../../slas/model/model.ts';
import { seeded } from '../../slas/simulation/queues.ts';
import { BEGIN, trafficOf } from '../../slas/simulation/traffic.ts';

/** The traffic of a service over several weeks, as the samples of two servers that scrape it. */

export const WEEKS = 8;
/** The growth per week. */
export const GROWTH = 0.03;

/** The labels with which the sentiment service counts requests. */
const LABELS = {
  ...{ __name__: 'http_requests_total', job: 'sentiment-api' },
  ...{ method: 'POST', handler: '/predict', status: '200' },
};

export interface Past {
  readonly nowSeconds: number;
  /** The samples that one server scraped. */
  readonly requests: readonly Series[];
  /** All stored samples. */
  readonly stored: readonly Series[];
}

export function pastTraffic(nowSeconds: number): Past {
  const end = Math.floor(nowSeconds / HOUR_SECONDS) * HOUR_SECONDS;
  const shift = end - WEEKS * WEEK_SECONDS - BEGIN;
  const law = { weeks: WEEKS, peakAt: (week: number) => 100 * (1 + GROWTH) ** week };
  const requests = trafficOf(law, seeded(1)).map(({ labels, samples }) => ({
    labels: { ...LABELS, instance: labels.instance! },
    samples: samples.map(([at, value]) => [at + shift, value] as const),
  }));
  const servers = ['a', 'b'].map((server) =>
    requests.flatMap(({ labels, samples }) => {
      const own = { ...labels, server };
      const target = { __name__: 'up', job: labels.job!, instance: labels.instance!, server };
      const up = samples.filter((_, index) => index % 12 === 11).map(([at]) => [at, '1'] as const);
      return [
        { labels: own, samples },
        { labels: target, samples: up },
      ];
    }),
  );
  return { nowSeconds: end, requests, stored: servers.flat() };
}

/** One line for each sample: `name{labels} value time`. */
export const linesOf = (series: readonly Series[], timeOf: (seconds: number) => number): string =>
  series
    .toSorted((a, b) => (a.labels.__name__! < b.labels.__name__! ? -1 : 1))
    .flatMap(({ labels: { __name__: name, ...labels }, samples }) => {
      const own = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      return samples.map(([at, value]) => `${name}{${own.join(',')}} ${value} ${timeOf(at)}\n`);
    })
    .join('');
