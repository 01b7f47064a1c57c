import pMap from 'p-map';
import type { RunSeries, Series, SeriesAnswer, SeriesQuery } from '../model/model.ts';
import { type Asker, askOnce, askRange } from './http.ts';

/** Time series of a run for plots; they are not judged. */

/** The number of concurrent queries. A server may limit them; ours allows 20. */
const AT_ONCE = 10;

/**
 * The time series of a run: each query at every step of the window (`query_range`), or once at its end. Never
 * throws because of a response: a failed query has its error.
 */
export async function collectSeries(
  queries: readonly SeriesQuery[],
  window: RunSeries['window'],
  asker: Asker,
): Promise<RunSeries> {
  const answers = await pMap(queries, (query) => askSeries(query, window, asker), { concurrency: AT_ONCE });
  return { schema: 'sla-harness/series/v1', window, answers };
}

async function askSeries(
  query: SeriesQuery,
  { fromSeconds, toSeconds, stepSeconds }: RunSeries['window'],
  asker: Asker,
): Promise<SeriesAnswer> {
  const isRange = query.over === 'time';
  const skipped = Math.ceil(query.settledAfterSeconds / stepSeconds);
  const read = isRange
    ? await askRange(
        query.query,
        { fromSeconds: fromSeconds + skipped * stepSeconds, toSeconds, stepSeconds },
        asker,
      )
    : await askOnce(query.query, Number(toSeconds.toFixed(3)), asker);
  const stepOf = (seconds: number) => (isRange ? Math.round((seconds - fromSeconds) / stepSeconds) : 0);
  const steps = isRange ? Math.floor((toSeconds - fromSeconds) / stepSeconds + 1e-6) + 1 : 1;
  return {
    ...query,
    series: read.series.map(({ labels, samples }) => ({ labels, values: column(samples, steps, stepOf) })),
    warnings: read.warnings,
    error: read.error,
  };
}

function column(samples: Series['samples'], steps: number, stepOf: (seconds: number) => number): string {
  const values = new Array<string>(steps).fill('-');
  for (const [at, value] of samples) {
    const number = Number(value);
    if (Number.isFinite(number)) values[stepOf(at)] = String(Number(number.toPrecision(7)));
  }
  return values.join(' ');
}
