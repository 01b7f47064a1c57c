import type { LabelMatcher, Limit } from '../slas/model/model.ts';
import type { Matchers } from '../slas/prometheus/promql.ts';
import type { Colours } from './colours.ts';

/** What a panel is, whoever draws it: Grafana (grafana.ts) or our own report (report.ts). */

export type PanelUnit = 'seconds' | 'ratio' | 'share' | 'per_second' | 'count' | 'bytes' | 'cores' | 'state';

/**
 * number: one value with its course · lines, stacked: over time · state: 1 or 0 over time · heat: buckets over time ·
 * timeline: stretches of 1 and 0 · verdicts: what Grafana knows of runs ·
 * pie, bars, gauges: one value a series · histogram: bars of the buckets · matrix: weekday by hour
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
  /** Name of each series; `{{label}}` stands for the label's value. */
  readonly legend: string;
  /** At every moment, or once over the whole time that is looked at. */
  readonly over: 'time' | 'window';
  readonly exemplars?: true;
  /** Series that a dashboard leaves out: those whose counterpart by the label is 0 in all the time that is looked at. */
  readonly seen?: { readonly expr: string; readonly label: string };
}

/** A limit of the SLA document, drawn in. */
export interface PanelLimit {
  readonly label: string;
  readonly level: 'target' | 'alert';
  /** Its comparison says on which side it is good: for a target where it holds, for an alert where it does not. */
  readonly limit: Limit;
}

export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly unit: PanelUnit;
  readonly drawing: Drawing;
  readonly queries: readonly Query[];
  readonly limits: readonly PanelLimit[];
  /** Ids of the objectives whose course it shows. */
  readonly objectives: readonly string[];
  /** What a person should look for, in a sentence or two. */
  readonly lookFor: string;
  /** What a rate is of; requests unless it says otherwise. */
  readonly counts?: 'predictions';
  /** Of its series, where they mean something. */
  readonly colours?: Colours;
  /** From which value on which colour, where no objective has a limit. */
  readonly steps?: readonly { readonly from: number; readonly colour: string }[];
  /** Two series, by their legends, that are the edges of a band. */
  readonly band?: { readonly upper: string; readonly lower: string };
  /** Ids of the panels to look at next. */
  readonly next: readonly string[];
  /** Of 24 columns. */
  readonly width: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** From where one looks: what stands in the queries in place of labels and ranges. */
export interface View {
  /** Labels of every series of the service. */
  readonly service: Readonly<Record<string, string>>;
  /** What of the service was chosen to be looked at; none in a report. */
  readonly chosen: Matchers;
  /** Both. */
  readonly labels: Matchers;
  /** The endpoints that are looked at; null: those that the SLA document's objectives name. */
  readonly endpoint: LabelMatcher | null;
  /** The range of a rate at one moment. */
  readonly step: string;
  /** The whole time that is looked at. */
  readonly whole: string;
}
