import { PanelBuilder as AnnotationsList } from '@grafana/grafana-foundation-sdk/annotationslist';
import { PanelBuilder as BarChart } from '@grafana/grafana-foundation-sdk/barchart';
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as Gauge } from '@grafana/grafana-foundation-sdk/gauge';
import {
  PanelBuilder as Heatmap,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import {
  PanelBuilder as PieChart,
  PieChartLegendOptionsBuilder,
  PieChartLegendValues,
} from '@grafana/grafana-foundation-sdk/piechart';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { whereNonZero } from '../slas/prometheus/promql.ts';
import { type Colours, NEUTRAL, NOTHING } from './colours.ts';
import type { Panel, PanelLimit, PanelUnit, Query } from './panel.ts';
import { RUN_TAG, VERDICT_TAG } from './run-tag.ts';

/** Converts a panel to Grafana's model of it. */
export function grafanaPanel(panel: Panel): Builder<dashboard.Panel> {
  switch (panel.drawing) {
    case 'number':
      return stat(panel).graphMode(common.BigValueGraphMode.Area);
    case 'state':
      return stat(panel)
        .graphMode(common.BigValueGraphMode.None)
        .colorMode(common.BigValueColorMode.Background)
        .mappings([LOADED, nothingOf(panel)]);
    case 'lines':
      return lines(panel);
    case 'stacked':
      return lines(panel)
        .fillOpacity(60)
        .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
    case 'heat':
      return heat(panel);
    case 'pie':
      return pie(panel);
    case 'gauges':
      return gauges(panel);
    case 'bars':
      return bars(panel);
    case 'histogram':
      return withBasics(new BarGauge(), panel, PromQueryFormat.Heatmap)
        .orientation(common.VizOrientation.Vertical)
        .displayMode(common.BarGaugeDisplayMode.Basic)
        .min(0)
        .reduceOptions(lastValues());
    case 'matrix':
      return matrix(panel);
    case 'timeline':
      return withBasics(new StateTimeline(), panel, PromQueryFormat.TimeSeries)
        .mappings([WITHIN])
        .mergeValues(true);
    case 'verdicts':
      return withBasics(new AnnotationsList(), panel, PromQueryFormat.Table)
        .onlyFromThisDashboard(false)
        .onlyInTimeRange(false)
        .tags([RUN_TAG, VERDICT_TAG])
        .limit(50);
    default:
      return panel.drawing satisfies never;
  }
}

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

// ---------------------------------------------------------------------------------------------- common to all kinds

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

function withBasics<P>(builder: P & AnyPanel, panel: Panel, format: PromQueryFormat): P {
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

const letter = (index: number) => String.fromCharCode(65 + index);

const fixed = (colour: string): dashboard.DynamicConfigValue => ({
  id: 'color',
  value: { mode: dashboard.FieldColorModeId.Fixed, fixedColor: colour },
});

/** The text shown without a value. A service that receives no requests is not in trouble. */
const nothing = ({ queries }: Panel) =>
  queries.some(({ expr }) => /\b(rate|increase)\((?!process_|nodejs_)/.test(expr)) ? 'no traffic' : 'no data';

function target(query: Query, refId: string, format: PromQueryFormat): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(refId)
    .datasource(DATASOURCE)
    .expr(query.seen === undefined ? query.expr : whereNonZero(query.expr, query.seen.expr, query.seen.label))
    .legendFormat(query.legend)
    .format(format);
  if (query.exemplars === true) builder.exemplar(true);
  return query.over === 'window' ? builder.instant() : builder.range();
}

const COLOURS = { good: 'green', target: 'orange', alert: 'red' } as const;

/** Threshold steps in ascending order; each gives the colour from its value upwards. */
function thresholdsOf(panel: Panel): dashboard.ThresholdsConfigBuilder {
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

const isFloorOf = (limits: readonly PanelLimit[]) =>
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

const lastValues = () => new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false);

// ---------------------------------------------------------------------------------------------- each kind

const LOADED: dashboard.ValueMap = {
  type: dashboard.MappingType.ValueToText,
  options: {
    '0': { text: 'Not loaded', color: COLOURS.alert, index: 0 },
    '1': { text: 'Loaded', color: COLOURS.good, index: 1 },
  },
};

const WITHIN: dashboard.ValueMap = {
  type: dashboard.MappingType.ValueToText,
  options: {
    '0': { text: 'beyond', color: COLOURS.alert, index: 0 },
    '1': { text: 'within', color: COLOURS.good, index: 1 },
  },
};

/** Without it, a missing value would have the colour of the lowest threshold. */
const nothingOf = (panel: Panel): dashboard.SpecialValueMap => ({
  type: dashboard.MappingType.SpecialValue,
  options: {
    match: dashboard.SpecialValueMatch.NullAndNan,
    result: { text: nothing(panel), color: NOTHING, index: 2 },
  },
});

const ZERO: dashboard.ValueMap = {
  type: dashboard.MappingType.ValueToText,
  options: { '0': { text: 'no traffic', color: NOTHING, index: 3 } },
};

const stat = (panel: Panel) =>
  withBasics(new Stat(), panel, PromQueryFormat.TimeSeries)
    .mappings([nothingOf(panel), ...(panel.unit === 'per_second' ? [ZERO] : [])])
    .reduceOptions(lastValues())
    .colorMode(panel.limits.length === 0 ? common.BigValueColorMode.None : common.BigValueColorMode.Value);

function lines(panel: Panel): TimeSeries {
  const builder = withBasics(new TimeSeries(), panel, PromQueryFormat.TimeSeries)
    .lineWidth(1)
    .fillOpacity(panel.band === undefined ? 8 : 0)
    .showPoints(common.VisibilityMode.Never)
    .axisSoftMin(axisFrom(panel))
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    )
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['mean', 'max']),
    );
  if (panel.band !== undefined) fillBetween(builder, panel.band);
  panel.limits.forEach((limit, index) => {
    drawLimit(builder, limit, letter(panel.queries.length + index));
  });
  return builder;
}

/** The start of an axis. If it were 0, values that are always near 1 would be a flat line at the top. */
const axisFrom = ({ unit, limits }: Panel) =>
  unit === 'share' ? 0.5 : unit === 'ratio' && isFloorOf(limits) ? 0.95 : 0;

/** A limit is drawn as a series, so that the legend names it: Grafana's own threshold lines have no names. */
function drawLimit(builder: TimeSeries, { label, level, limit }: PanelLimit, refId: string): void {
  const name = label.includes(level) ? label : `${level} ${label}`;
  builder.withTarget(
    new DataqueryBuilder()
      .refId(refId)
      .datasource(DATASOURCE)
      .expr(`vector(${limit.value})`)
      .legendFormat(name)
      .format(PromQueryFormat.TimeSeries)
      .range(),
  );
  builder.overrideByName(name, [
    fixed(COLOURS[level]),
    { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
    { id: 'custom.fillOpacity', value: 0 },
  ]);
}

/** The edges of a band are thin lines of one colour, and only the area between them is filled. */
function fillBetween(builder: TimeSeries, { upper, lower }: NonNullable<Panel['band']>): void {
  const edge = [fixed(NEUTRAL), { id: 'custom.lineWidth', value: 0 }];
  builder.overrideByName(upper, [
    ...edge,
    { id: 'custom.fillBelowTo', value: lower },
    { id: 'custom.fillOpacity', value: 20 },
  ]);
  builder.overrideByName(lower, edge);
}

const heat = (panel: Panel) =>
  withBasics(new Heatmap(), panel, PromQueryFormat.Heatmap)
    .calculate(false)
    .color(
      new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Blues').steps(32).exponent(0.5),
    );

const pie = (panel: Panel) =>
  withBasics(new PieChart(), panel, PromQueryFormat.TimeSeries)
    .reduceOptions(lastValues())
    .legend(
      new PieChartLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .values([PieChartLegendValues.Value, PieChartLegendValues.Percent]),
    );

const gauges = (panel: Panel) =>
  withBasics(new Gauge(), panel, PromQueryFormat.TimeSeries)
    .min(0.5)
    .max(1)
    .decimals(3)
    .showThresholdMarkers(true)
    .showThresholdLabels(false)
    .reduceOptions(lastValues());

/** If there is one query by one label, that label names the bars. */
function bars(panel: Panel) {
  // With several queries, each has one bar.
  if (panel.queries.length > 1)
    return withBasics(new BarGauge(), panel, PromQueryFormat.TimeSeries)
      .orientation(common.VizOrientation.Horizontal)
      .displayMode(common.BarGaugeDisplayMode.Basic)
      .min(0)
      .reduceOptions(lastValues());
  const label = /^\{\{(\w+)\}\}$/.exec(panel.queries[0]!.legend)?.[1] ?? 'Time';
  const { colours = {}, ...rest } = panel;
  return (
    withBasics(new BarChart(), rest, PromQueryFormat.Table)
      .xField(label)
      .colorByField(label)
      .mappings([colouring(colours)])
      .colorScheme(
        new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Fixed).fixedColor(NEUTRAL),
      )
      // The minimum height leaves space for the name next to each bar. At the builder's default, 0, names are cut to "…".
      .orientation(common.VizOrientation.Horizontal)
      .xTickLabelMaxLength(LONGEST_LABEL)
      .legend(
        new common.VizLegendOptionsBuilder()
          .showLegend(false)
          .placement(common.LegendPlacement.Bottom)
          .displayMode(common.LegendDisplayMode.Hidden)
          .calcs([]),
      )
      .min(0)
      .showValue(common.VisibilityMode.Always)
      .withTransformation({ id: 'organize', options: { excludeByName: { Time: true } } })
  );
}

const LONGEST_LABEL = 40;

/** The bars of one series are coloured by the values of their label. */
const colouring = (colours: Colours): dashboard.ValueMap => ({
  type: dashboard.MappingType.ValueToText,
  options: Object.fromEntries(
    Object.entries(colours).map(([text, color], index) => [text, { text, color, index }]),
  ),
});

const matrix = (panel: Panel) =>
  withBasics(new Table(), panel, PromQueryFormat.Table)
    .decimals(1)
    .cellOptions({ type: 'color-background', mode: 'gradient' } as common.TableCellOptions)
    .colorScheme(new dashboard.FieldColorBuilder().mode('continuous-BlPu' as dashboard.FieldColorModeId))
    .withTransformation({
      id: 'groupingToMatrix',
      options: { columnField: 'hour', rowField: 'weekday', valueField: 'Value' },
    });
