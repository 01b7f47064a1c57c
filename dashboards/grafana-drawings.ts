import { PanelBuilder as BarChart } from '@grafana/grafana-foundation-sdk/barchart';
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
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
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { type Colours, NEUTRAL, NOTHING } from './colours.ts';
import { COLOURS, DATASOURCE, fixed, isFloorOf, letter, nothing, withBasics } from './grafana-basics.ts';
import type { Panel, PanelLimit } from './panel.ts';

/** How each kind of panel is drawn in Grafana. */

export const lastValues = () => new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false);

export const LOADED: dashboard.ValueMap = {
  type: dashboard.MappingType.ValueToText,
  options: {
    '0': { text: 'Not loaded', color: COLOURS.alert, index: 0 },
    '1': { text: 'Loaded', color: COLOURS.good, index: 1 },
  },
};

export const WITHIN: dashboard.ValueMap = {
  type: dashboard.MappingType.ValueToText,
  options: {
    '0': { text: 'beyond', color: COLOURS.alert, index: 0 },
    '1': { text: 'within', color: COLOURS.good, index: 1 },
  },
};

/** Maps a missing value to text in a neutral colour. By default, Grafana would use the colour of the lowest threshold. */
export const nothingOf = (panel: Panel): dashboard.SpecialValueMap => ({
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

export const stat = (panel: Panel) =>
  withBasics(new Stat(), panel, PromQueryFormat.TimeSeries)
    .mappings([nothingOf(panel), ...(panel.unit === 'per_second' ? [ZERO] : [])])
    .reduceOptions(lastValues())
    .colorMode(panel.limits.length === 0 ? common.BigValueColorMode.None : common.BigValueColorMode.Value);

export function lines(panel: Panel): TimeSeries {
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

/** The start of an axis. On an axis from 0, values that are always near 1 would be a flat line at the top. */
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

/** Draws the edges of a band as thin lines of one colour, and fills only the area between them. */
function fillBetween(builder: TimeSeries, { upper, lower }: NonNullable<Panel['band']>): void {
  const edge = [fixed(NEUTRAL), { id: 'custom.lineWidth', value: 0 }];
  builder.overrideByName(upper, [
    ...edge,
    { id: 'custom.fillBelowTo', value: lower },
    { id: 'custom.fillOpacity', value: 20 },
  ]);
  builder.overrideByName(lower, edge);
}

export const heat = (panel: Panel) =>
  withBasics(new Heatmap(), panel, PromQueryFormat.Heatmap)
    .calculate(false)
    .color(
      new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Blues').steps(32).exponent(0.5),
    );

export const pie = (panel: Panel) =>
  withBasics(new PieChart(), panel, PromQueryFormat.TimeSeries)
    .reduceOptions(lastValues())
    .legend(
      new PieChartLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .values([PieChartLegendValues.Value, PieChartLegendValues.Percent]),
    );

export const gauges = (panel: Panel) =>
  withBasics(new Gauge(), panel, PromQueryFormat.TimeSeries)
    .min(0.5)
    .max(1)
    .decimals(3)
    .showThresholdMarkers(true)
    .showThresholdLabels(false)
    .reduceOptions(lastValues());

/** If a panel has a single query, grouped by a single label, the label's values name the bars. */
export function bars(panel: Panel) {
  // A panel with several queries has one bar per query.
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

export const matrix = (panel: Panel) =>
  withBasics(new Table(), panel, PromQueryFormat.Table)
    .decimals(1)
    .cellOptions({ type: 'color-background', mode: 'gradient' } as common.TableCellOptions)
    .colorScheme(new dashboard.FieldColorBuilder().mode('continuous-BlPu' as dashboard.FieldColorModeId))
    .withTransformation({
      id: 'groupingToMatrix',
      options: { columnField: 'hour', rowField: 'weekday', valueField: 'Value' },
    });
