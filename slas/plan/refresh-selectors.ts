import { selector } from '../prometheus/promql.ts';

export const PUSHED = 'push_time_seconds';
export const WRITTEN = 'node_textfile_mtime_seconds';

/** What tells when pushed and written values were refreshed: a Pushgateway's and a node exporter's own gauges. */
export const refreshSelectors = (service: Readonly<Record<string, string>>): readonly string[] =>
  [PUSHED, WRITTEN].map((metric) => selector(metric, service));
