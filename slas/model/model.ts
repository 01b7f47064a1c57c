/**
 * Every type of the pipeline, as plain readonly data. Each is written as JSON into the run folder (the client's requests as
 * a binary file), so that every step after a run can be repeated from the files alone.
 *
 * SlaDocument ──plan──▶ Plan ──k6──▶ RunRecord ──Prometheus──▶ Evidence ──judge──▶ Verdict
 *
 * Units are part of the names: `…Seconds`, `…PerSecond`. Times are Unix seconds unless they are called RFC
 * 3339.
 */

export type * from './document.ts';
export type * from './evidence.ts';
export type * from './plan.ts';
export type * from './problem.ts';
export type * from './run-record.ts';
export type * from './series.ts';
export type * from './verdict.ts';
