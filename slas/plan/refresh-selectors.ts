import { selector } from '../prometheus/promql.ts';

export const PUSHED = 'push_time_seconds';
export const WRITTEN = 'node_textfile_mtime_seconds';

export const REFRESH_METRICS = [PUSHED, WRITTEN];

/** Selectors of those gauges of a Pushgateway or a node exporter that show when a pushed or written value was last refreshed. */
export const refreshSelectors = (service: Readonly<Record<string, string>>): readonly string[] =>
  REFRESH_METRICS.map((metric) => selector(metric, service));
