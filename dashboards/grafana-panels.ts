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
import type { Panel, PanelUnit, Query } from './panel.ts';
import { RUN_TAG } from './run-tag.ts';

/** One panel, as Grafana draws it. */
export function grafanaPanel(panel: Panel): Builder<dashboard.Panel> {
  switch (panel.drawing) {
    case 'number':
      return stat(panel).graphMode(common.BigValueGraphMode.Area);
    case 'state':
      return stat(panel)
        .graphMode(common.BigValueGraphMode.None)
        .colorMode(common.BigValueColorMode.Background)
        .mappings([LOADED]);
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
        .tags([RUN_TAG])
        .limit(50);
    default:
      return panel.drawing satisfies never;
  }
}

/** The one variable that every query of every dashboard asks. */
export const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

const UNITS: Record<PanelUnit, string> = {
  seconds: 's',
  ratio: 'percentunit',
  share: 'none',
  per_second: 'cps',
  count: 'short',
  bytes: 'bytes',
  cores: 'none',
  state: 'none',
};

// ---------------------------------------------------------------------------------------------- what all have

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
    .unit(UNITS[panel.unit])
    .noValue('no traffic')
    .thresholds(thresholdsOf(panel));
  panel.queries.forEach((query, index) => {
    builder.withTarget(target(query, String.fromCharCode(65 + index), format));
  });
  return builder;
}

function target(query: Query, refId: string, format: PromQueryFormat): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(refId)
    .datasource(DATASOURCE)
    .expr(query.expr)
    .legendFormat(query.legend)
    .format(format);
  if (query.exemplars === true) builder.exemplar(true);
  return query.over === 'window' ? builder.instant() : builder.range();
}

const COLOURS = { good: 'green', target: 'orange', alert: 'red' } as const;

/** Steps upwards from the least value: each has the colour of what lies from it on. */
function thresholdsOf({ limits }: Panel): dashboard.ThresholdsConfigBuilder {
  const isFloor = limits.some(({ level, limit }) => level === 'target' && limit.comparison.startsWith('>'));
  const ordered = [...limits].sort((a, b) => a.limit.value - b.limit.value);
  const hasAlert = limits.some(({ level }) => level === 'alert');
  const lowest = isFloor ? (hasAlert ? COLOURS.alert : COLOURS.target) : COLOURS.good;
  const steps = ordered.map(({ level, limit }) => ({
    value: limit.value,
    color: isFloor ? (level === 'alert' ? COLOURS.target : COLOURS.good) : COLOURS[level],
  }));
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([{ value: null, color: lowest }, ...steps]);
}

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

const stat = (panel: Panel) =>
  withBasics(new Stat(), panel, PromQueryFormat.TimeSeries)
    .reduceOptions(lastValues())
    .colorMode(panel.limits.length === 0 ? common.BigValueColorMode.None : common.BigValueColorMode.Value);

const lines = (panel: Panel) =>
  withBasics(new TimeSeries(), panel, PromQueryFormat.TimeSeries)
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(common.VisibilityMode.Never)
    .axisSoftMin(panel.unit === 'share' ? 0.5 : 0)
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
    )
    .thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(
        panel.limits.length === 0
          ? common.GraphThresholdsStyleMode.Off
          : common.GraphThresholdsStyleMode.Dashed,
      ),
    );

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

/** Of one query by one label: that label names the bars. */
function bars(panel: Panel) {
  // Several queries have a bar each.
  if (panel.queries.length > 1)
    return withBasics(new BarGauge(), panel, PromQueryFormat.TimeSeries)
      .orientation(common.VizOrientation.Horizontal)
      .displayMode(common.BarGaugeDisplayMode.Basic)
      .min(0)
      .reduceOptions(lastValues());
  const label = /^\{\{(\w+)\}\}$/.exec(panel.queries[0]!.legend)?.[1] ?? 'Time';
  return withBasics(new BarChart(), panel, PromQueryFormat.Table)
    .xField(label)
    .min(0)
    .showValue(common.VisibilityMode.Always)
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true } } });
}

const matrix = (panel: Panel) =>
  withBasics(new Table(), panel, PromQueryFormat.Table)
    .decimals(1)
    .cellOptions({ type: 'color-background', mode: 'gradient' } as common.TableCellOptions)
    .colorScheme(new dashboard.FieldColorBuilder().mode('continuous-BlPu' as dashboard.FieldColorModeId))
    .withTransformation({
      id: 'groupingToMatrix',
      options: { columnField: 'hour', rowField: 'weekday', valueField: 'Value' },
    });
