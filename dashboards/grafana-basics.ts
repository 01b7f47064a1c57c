import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, type PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { NEUTRAL, NOTHING } from './colours.ts';
import type { Panel, PanelLimit, PanelUnit, Query } from './panel.ts';
import { whereNonZero } from './promql.ts';

/** Settings that panels of every kind share in Grafana. */

/** The dashboards' variable for the data source, which every query uses. */
export const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

const UNITS: Record<PanelUnit, string> = {
  seconds: 's',
  ratio: 'percentunit',
  share: 'none',
  per_second: 'reqps',
  count: 'short',
  bytes: 'bytes',
  cores: 'none',
  state: 'none',
};

/** Grafana's generic unit of a rate is "c/s", which operators do not recognise. */
const unitOf = ({ unit, counts }: Panel) => (counts === undefined ? UNITS[unit] : `suffix: ${counts}/s`);

/** The methods that the builders of all kinds of panels share. */
interface AnyPanel {
  id(id: number): this;
  title(title: string): this;
  description(text: string): this;
  datasource(source: common.DataSourceRef): this;
  span(columns: number): this;
  height(rows: number): this;
  unit(unit: string): this;
  noValue(text: string): this;
  thresholds(thresholds: Builder<dashboard.ThresholdsConfig>): this;
  withTarget(target: Builder<object>): this;
  overrideByName(name: string, properties: dashboard.DynamicConfigValue[]): this;
  overrideByRegexp(regexp: string, properties: dashboard.DynamicConfigValue[]): this;
}

const OVERVIEW_HEIGHT = 5;

const HEIGHT = 9;

export function withBasics<P>(builder: P & AnyPanel, panel: Panel, format: PromQueryFormat): P {
  const isSmall = panel.drawing === 'number' || panel.drawing === 'state';
  builder
    .title(panel.title)
    .description(panel.lookFor)
    .datasource(DATASOURCE)
    .span(panel.width)
    .height(isSmall ? OVERVIEW_HEIGHT : HEIGHT)
    .unit(unitOf(panel))
    .noValue(nothing(panel))
    .thresholds(thresholdsOf(panel));
  panel.queries.forEach((query, index) => {
    builder.withTarget(target(query, letter(index), format));
  });
  for (const [series, colour] of Object.entries(panel.colours ?? {})) {
    const properties = [fixed(colour)];
    if (series.startsWith('/')) builder.overrideByRegexp(series, properties);
    else builder.overrideByName(series, properties);
  }
  return builder;
}

export const letter = (index: number) => String.fromCharCode(65 + index);

export const fixed = (colour: string): dashboard.DynamicConfigValue => ({
  id: 'color',
  value: { mode: dashboard.FieldColorModeId.Fixed, fixedColor: colour },
});

export function target(query: Query, refId: string, format: PromQueryFormat): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(refId)
    .datasource(DATASOURCE)
    .expr(query.seen === undefined ? query.expr : whereNonZero(query.expr, query.seen.expr, query.seen.label))
    .legendFormat(query.legend)
    .format(format);
  if (query.exemplars === true) builder.exemplar(true);
  return query.over === 'window' ? builder.instant() : builder.range();
}

/** The text of a panel without a value. It is neutral, because a service that receives no requests is not in trouble. */
export const nothing = ({ queries }: Panel) =>
  queries.some(({ expr }) => /\b(rate|increase)\((?!process_|nodejs_)/.test(expr)) ? 'no traffic' : 'no data';

export const COLOURS = { good: 'green', target: 'orange', alert: 'red' } as const;

/** Threshold steps in ascending order. Each step sets the colour of values at or above its own. */
export function thresholdsOf(panel: Panel): dashboard.ThresholdsConfigBuilder {
  const config = new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute);
  const { limits, steps: own } = panel;
  if (own !== undefined) {
    const after = own.map(({ from, colour }) => ({ value: from, color: colour }));
    return config.steps([{ value: null, color: COLOURS.good }, ...after]);
  }
  if (limits.length === 0) return config.steps([{ value: null, color: NEUTRAL }]);
  const isFloor = isFloorOf(limits);
  const ordered = [...limits].sort((a, b) => a.limit.value - b.limit.value);
  const hasAlert = limits.some(({ level }) => level === 'alert');
  const lowest = isFloor ? (hasAlert ? COLOURS.alert : COLOURS.target) : COLOURS.good;
  const steps = ordered.map(({ level, limit }) => ({
    value: limit.value,
    color: isFloor ? (level === 'alert' ? COLOURS.target : COLOURS.good) : COLOURS[level],
  }));
  return config.steps([...lowestSteps(panel, lowest), ...steps]);
}

export const isFloorOf = (limits: readonly PanelLimit[]) =>
  limits.some(({ level, limit }) => level === 'target' && limit.comparison.startsWith('>'));

/** The lowest rate that counts as traffic: one request a day. */
const SLOWEST_PER_SECOND = 1 / 86_400;

/** A rate of 0 means that there is no traffic, which is not an alarm. */
const lowestSteps = ({ unit, drawing }: Panel, colour: string) =>
  unit === 'per_second' && drawing === 'number'
    ? [
        { value: null, color: NOTHING },
        { value: Number(SLOWEST_PER_SECOND.toPrecision(2)), color: colour },
      ]
    : [{ value: null, color: colour }];
