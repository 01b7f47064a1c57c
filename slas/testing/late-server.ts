import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Series } from '../model/model.ts';
import { selects } from './notation.ts';

/** A server with Prometheus's API whose predefined samples become visible some time after they were taken. */
export interface LateServer extends AsyncDisposable {
  readonly url: string;
  /** The number of queries so far. */
  readonly queries: readonly string[];
}

export interface LateSeries extends Series {
  readonly lateSeconds: number;
  /** The series' target has ended, so there is no current value, as after a stale marker. */
  readonly isGone?: true;
}

/** @param withheldSeconds how long functions do not see the last samples, and repeat older values */
export async function startLateServer(
  series: readonly LateSeries[],
  withheldSeconds = 0,
): Promise<LateServer> {
  const queries: string[] = [];
  const http = createServer((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://late');
    const query = searchParams.get('query')!;
    queries.push(query);
    const data = answerTo(query, searchParams, series, withheldSeconds);
    response.end(JSON.stringify({ status: 'success', data }));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    queries,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

const LOOK_BACK_SECONDS = 300;

const valuesAt = (at: number, selector: string, series: readonly LateSeries[], now: number) => ({
  resultType: 'vector',
  result: series
    .filter(({ labels, isGone }) => isGone === undefined && selects(selector, labels))
    .flatMap(({ labels, samples, lateSeconds }) => {
      const last = samples.findLast(([time]) => time <= at && time + lateSeconds <= now);
      const isRecent = last !== undefined && last[0] > at - LOOK_BACK_SECONDS;
      return isRecent ? [{ metric: labels, value: [at, last[1]] }] : [];
    }),
});

function answerTo(
  query: string,
  parameters: URLSearchParams,
  series: readonly LateSeries[],
  withheldSeconds: number,
) {
  const now = Date.now() / 1000;
  if (query === 'time()') return { resultType: 'scalar', result: [now, String(now)] };
  const [, ofFunction] = /^timestamp\((.*)\)$/.exec(query) ?? [];
  const [, selector = ofFunction, range = '300000'] = /^([^(]*)\[(\d+)ms\]$/.exec(query) ?? [];
  const at = Number(parameters.get('time') ?? parameters.get('end'));
  if (selector === undefined && !query.includes('(')) return valuesAt(at, query, series, now);
  // This server supports no other functions.
  if (selector === undefined) return { resultType: 'matrix', result: [] };
  const seen = ofFunction === undefined ? at : Math.min(at, now - withheldSeconds);
  const result = series
    .filter(({ labels }) => selects(selector, labels))
    .map(({ labels, samples, lateSeconds }) => ({
      metric: labels,
      values: samples.filter(
        ([time]) => time > at - Number(range) / 1000 && time <= seen && time + lateSeconds <= now,
      ),
    }))
    .filter(({ values }) => values.length > 0);
  if (ofFunction === undefined) return { resultType: 'matrix', result };
  const last = result.map(({ metric, values }) => ({ metric, values: [[at, String(values.at(-1)![0])]] }));
  return { resultType: 'matrix', result: last };
}
