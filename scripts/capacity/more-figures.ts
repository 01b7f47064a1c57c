import type { MoreFigures } from '../../slas/capacity/record.ts';
import { inSeconds } from '../../slas/document/units.ts';
import type { RunRecord, Selection, SlaDocument } from '../../slas/model/model.ts';
import { type Asker, askOnce } from '../../slas/prometheus/http.ts';
import { select, selector } from '../../slas/prometheus/promql.ts';

/**
 * Figures for the report of a search, in addition to a run's evidence. They are not judged, so a figure that cannot be read is
 * left out.
 */

const TIMEOUT_MS = 10_000;

export async function moreFiguresOf(
  document: SlaDocument,
  { window }: Pick<RunRecord, 'window'>,
  asker: Asker,
): Promise<MoreFigures> {
  const signal = AbortSignal.any([asker.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const range = `${Math.ceil(window.toSeconds - window.fromSeconds)}s`;
  const ask = async (query: string | null): Promise<number | null> => {
    if (query === null) return null;
    const { series, error } = await askOnce(query, Number(window.toSeconds.toFixed(3)), { ...asker, signal });
    const value = Number(series[0]?.samples[0]?.[1] ?? Number.NaN);
    return error === null && Number.isFinite(value) ? value : null;
  };
  const [timed, timedSeconds, throttledShare, cpuLimitCores] = await Promise.all(
    [...timesOf(document, range), ...limitsOf(document, range)].map(ask),
  );
  return {
    timed: timed ?? null,
    timedSeconds: timedSeconds ?? null,
    throttledShare: throttledShare ?? null,
    cpuLimitCores: cpuLimitCores ?? null,
  };
}

/** The number of requests in the first latency histogram, and the sum of their times. */
function timesOf({ service, objectives }: SlaDocument, range: string): readonly (string | null)[] {
  const histogram = objectives
    .map(({ measure }): Selection | null => (measure.kind === 'latency' ? measure.histogram : null))
    .find((one) => one !== null);
  if (histogram === undefined || histogram === null) return [null, null];
  const grown = (suffix: '_sum' | '_count') =>
    `sum(increase(${select(service.selector, histogram, suffix)}[${range}]))`;
  return [grown('_count'), inSeconds(grown('_sum'), histogram.valuesIn)];
}

/** From cAdvisor, for the pods that the service's targets name: the share of paused periods, and the CPU limit in cores. */
function limitsOf({ service }: SlaDocument, range: string): readonly string[] {
  const pods = `max by (pod) (${selector('up', { ...service.selector, pod: { matches: '.+' } })})`;
  const of = (vector: string) => `(${vector} * on (pod) group_left () (${pods} * 0 + 1))`;
  const named = (name: string) => `${name}{container!="",container!="POD"}`;
  const grown = (name: string) => of(`increase(${named(name)}[${range}])`);
  const [throttled, periods] = ['throttled_periods', 'periods'].map((which) =>
    grown(`container_cpu_cfs_${which}_total`),
  );
  const quota = of(`${named('container_spec_cpu_quota')} / ${named('container_spec_cpu_period')}`);
  // If the pod has a container without a limit, or a second container, the sum does not describe the service.
  const all = `(count(${of(named('container_spec_cpu_period'))}) == count(${pods}) and count(${quota} > 0) == count(${pods}))`;
  return [`sum(${throttled}) / (sum(${periods}) > 0)`, `sum(${quota}) and ${all}`];
}
