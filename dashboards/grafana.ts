import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DashboardLinkType } from '@grafana/grafana-foundation-sdk/dashboard';
import type { DashboardSpec } from './dashboards.ts';
import { DATASOURCE } from './grafana-basics.ts';
import { grafanaPanel } from './grafana-panels.ts';
import { metric } from './metrics.ts';
import { narrowed } from './objectives.ts';
import type { Panel, View } from './panel.ts';
import { RUN_MARKS, RUN_TAG } from './run-tag.ts';

/** Converts dashboards to Grafana's JSON. */

/** The names by which queries refer to the dashboards' variables. */
const CHOSEN = { namespace: { matches: '$namespace' }, pod: { matches: '$pod' } };

export const grafanaView = (service: Readonly<Record<string, string>>): View => ({
  service,
  chosen: CHOSEN,
  labels: narrowed(service, CHOSEN),
  endpoint: { matches: '$endpoint' },
  step: '$__rate_interval',
  whole: '$__range',
});

const TAG = 'sla-harness';

export function renderDashboard(
  spec: DashboardSpec,
  service: Readonly<Record<string, string>>,
  endpoints: readonly string[],
): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([TAG])
    .timezone('utc')
    .refresh(spec.refresh)
    .time(spec.time)
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .editable();
  for (const variable of variables(service, endpoints)) builder.withVariable(variable);
  for (const annotation of annotations(service)) builder.annotation(annotation);
  for (const link of links()) builder.link(link);
  const ids = panelIds(spec);
  const titles = new Map(spec.rows.flatMap(({ panels }) => panels).map(({ id, title }) => [id, title]));
  for (const row of spec.rows) {
    builder.withRow(new dashboard.RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(placed(panel, spec.uid, ids, titles));
  }
  return withRowIds(builder.build());
}

/** Panel ids are numbered from 1 in the order of the panels, so that links to panels stay valid when the JSON is generated again. */
const panelIds = ({ rows }: DashboardSpec) =>
  new Map(rows.flatMap(({ panels }) => panels).map(({ id }, index) => [id, index + 1]));

function placed(
  panel: Panel,
  uid: string,
  ids: ReadonlyMap<string, number>,
  titles: ReadonlyMap<string, string>,
) {
  const built = grafanaPanel(panel).build();
  const next = panel.next.filter((id) => ids.has(id));
  built.id = ids.get(panel.id)!;
  built.links = next.map((id) =>
    new dashboard.DashboardLinkBuilder(`Look next: ${titles.get(id)}`)
      .type(DashboardLinkType.Link)
      .url(`/d/${uid}?viewPanel=panel-${ids.get(id)}&\${__url_time_range}&\${__all_variables}`)
      .build(),
  );
  return { build: () => built };
}

const ROW_IDS_FROM = 1000;

function withRowIds(built: dashboard.Dashboard): dashboard.Dashboard {
  built.panels?.forEach((panel, index) => {
    if (panel.type === 'row') panel.id = ROW_IDS_FROM + index;
  });
  return built;
}

// ---------------------------------------------------------------------------------------------- variables

/** The dashboards' variables. By default, the selected endpoints exclude health checks and scrapes. */
function variables(service: Readonly<Record<string, string>>, endpoints: readonly string[]) {
  const labelValues = (name: string, label: string, query: string) =>
    new dashboard.QueryVariableBuilder(name)
      .label(label)
      .datasource(DATASOURCE)
      .query(query)
      .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
      .multi(true)
      .includeAll(true)
      // `.*` also matches series without the label. Outside Kubernetes, series have neither of these labels.
      .allValue('.*');
  const started = metric('process_start_time_seconds', service);
  const inNamespace = metric(
    'process_start_time_seconds',
    narrowed(service, { namespace: { matches: '$namespace' } }),
  );
  return [
    new dashboard.DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
    labelValues('namespace', 'Namespace', `label_values(${started}, namespace)`).current(ALL),
    labelValues('pod', 'Pod', `label_values(${inNamespace}, pod)`).current(ALL),
    labelValues(
      'endpoint',
      'Endpoint',
      `label_values(${metric('http_requests_total', service)}, handler)`,
    ).current({ text: [...endpoints], value: [...endpoints] }),
    new dashboard.TextBoxVariableBuilder('reports').label('Run reports at').defaultValue('/runs'),
  ];
}

const ALL = { text: ['All'], value: ['$__all'] };

// ---------------------------------------------------------------------------------------------- links, annotations

const links = () => [
  new dashboard.DashboardLinkBuilder('Dashboards of sla-harness')
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .keepTime(true)
    .includeVars(true),
  new dashboard.DashboardLinkBuilder('Run reports')
    .type(DashboardLinkType.Link)
    .icon('doc')
    .tooltip('All runs with their verdicts and reports')
    .url('$reports/index.html')
    .targetBlank(true),
];

const GRAFANA = { type: 'grafana', uid: '-- Grafana --' };

function annotations(service: Readonly<Record<string, string>>) {
  const tagged = RUN_MARKS.map(({ mark, name, colour }) =>
    new dashboard.AnnotationQueryBuilder()
      .name(name)
      .datasource(GRAFANA)
      .enable(true)
      .iconColor(colour)
      .target({
        build: () => ({ limit: 200, matchAny: false, tags: [RUN_TAG, mark], type: 'tags' }) as never,
      }),
  );
  // The value of this metric is the time at which the process started.
  const deployed = new dashboard.AnnotationQueryBuilder()
    .name('Deployments and restarts')
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor('purple')
    .expr(`${metric('process_start_time_seconds', service)} * 1000`)
    .useValueForTime(true)
    .titleFormat('started')
    .textFormat('{{pod}} {{instance}}')
    .step('60s');
  return [...tagged, deployed];
}
