import type { LabelMatcher, Limit } from '../slas/model/model.ts';
import type { Matchers } from '../slas/prometheus/promql.ts';
import type { Colours } from './colours.ts';

/** A panel as data. It is drawn by Grafana (grafana.ts) and by our own report (report.ts). */

export type PanelUnit = 'seconds' | 'ratio' | 'share' | 'per_second' | 'count' | 'bytes' | 'cores' | 'state';

/**
 * number: one value and its line over time · lines, stacked: over time · state: 1 or 0 over time · heat: buckets over time ·
 * timeline: periods of 1 and 0 · verdicts: the runs that were added to Grafana ·
 * pie, bars, gauges: one value per series · histogram: bars of the buckets · matrix: weekday by hour
 */
export type Drawing =
  | 'number'
  | 'lines'
  | 'stacked'
  | 'state'
  | 'heat'
  | 'pie'
  | 'bars'
  | 'gauges'
  | 'histogram'
  | 'matrix'
  | 'timeline'
  | 'verdicts';

export interface Query {
  readonly expr: string;
  /** The name of each series; `{{label}}` is replaced by the label's value. */
  readonly legend: string;
  /** `time`: the query is evaluated at every step. `window`: it is evaluated once over the whole time range. */
  readonly over: 'time' | 'window';
  readonly exemplars?: true;
  /** A second query. A dashboard hides each series whose counterpart here, with the same label value, is 0 over the whole time range. */
  readonly seen?: { readonly expr: string; readonly label: string };
}

/** A limit of the SLA document, shown in the panel. */
export interface PanelLimit {
  readonly label: string;
  readonly level: 'target' | 'alert';
  /** A target is met where its comparison is true; an alert is active where its comparison is true. */
  readonly limit: Limit;
}

export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly unit: PanelUnit;
  readonly drawing: Drawing;
  readonly queries: readonly Query[];
  readonly limits: readonly PanelLimit[];
  /** The ids of the objectives whose measurements the panel shows over time. */
  readonly objectives: readonly string[];
  /** Tells the reader what to look for, in a sentence or two. */
  readonly lookFor: string;
  /** What a rate counts; requests by default. */
  readonly counts?: 'predictions';
  /** The colours of the panel's series, if the colours have a meaning. */
  readonly colours?: Colours;
  /** Colours by value, for a panel without an objective's limit. */
  readonly steps?: readonly { readonly from: number; readonly colour: string }[];
  /** The legends of two series that are the edges of a band. */
  readonly band?: { readonly upper: string; readonly lower: string };
  /** The ids of the panels to look at next. */
  readonly next: readonly string[];
  /** The width in columns; a row has 24. */
  readonly width: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** The labels and ranges that the queries of a dashboard or a report use. */
export interface View {
  /** Labels of every series of the service. */
  readonly service: Readonly<Record<string, string>>;
  /** The part of the service that is selected on the dashboard; empty in a report. */
  readonly chosen: Matchers;
  /** `service` and `chosen` combined. */
  readonly labels: Matchers;
  /** The selected endpoints; null: those that the SLA document's objectives name. */
  readonly endpoint: LabelMatcher | null;
  /** The lookback of a rate at each step. */
  readonly step: string;
  /** The whole time range. */
  readonly whole: string;
}
