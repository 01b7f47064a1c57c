import { PanelBuilder as AnnotationsList } from '@grafana/grafana-foundation-sdk/annotationslist';
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { withBasics } from './grafana-basics.ts';
import {
  bars,
  gauges,
  heat,
  LOADED,
  lastValues,
  lines,
  matrix,
  nothingOf,
  pie,
  stat,
  WITHIN,
} from './grafana-drawings.ts';
import type { Panel } from './panel.ts';
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
