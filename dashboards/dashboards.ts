import type { SlaDocument } from '../slas/model/model.ts';
import { businessPanels } from './business-panels.ts';
import { capacityPanels, type MeasuredLimit } from './capacity-panels.ts';
import {
  achieved,
  byStatus,
  cpu,
  eventLoop,
  inferenceTime,
  inProgress,
  memory,
  queue,
  queueWait,
} from './load-panels.ts';
import { modelPanels } from './model-panels.ts';
import { operatingPanels } from './operating-panels.ts';
import { isSentimentService } from './own-service-panels.ts';
import type { Row, View } from './panel.ts';
import { reportRows } from './run-panels.ts';
import { mainRows } from './service-panels.ts';
import { slaPanels } from './sla-panels.ts';

export interface DashboardSpec {
  /** Must not change, because links and bookmarks contain the uid. The dashboard's file is named after it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly rows: readonly Row[];
}

/** All dashboards of the document's service. */
export const dashboardsOf = (
  sla: SlaDocument,
  view: View,
  measured: MeasuredLimit | null = null,
): readonly DashboardSpec[] =>
  isSentimentService(sla) ? sentimentDashboards(sla, view, measured) : ownDashboards(sla, view);

/** The dashboards of any other service show what its document measures, and whether its objectives are met over weeks. */
const ownDashboards = (sla: SlaDocument, view: View): readonly DashboardSpec[] => [
  {
    uid: 'sla-service',
    title: sla.name,
    description: `Whether the service meets its SLA. The limits are those of the document "${sla.name}". Runs, their phases and verdicts are annotations.`,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    rows: reportRows(sla, view),
  },
  overTime(sla, view),
];

const overTime = (sla: SlaDocument, view: View): DashboardSpec => ({
  uid: 'sla-over-time',
  title: 'SLA over time',
  description: `Error budgets of "${sla.name}", their burn rates, incidents and verdicts.`,
  refresh: '1m',
  time: { from: 'now-7d', to: 'now' },
  rows: [{ title: 'Objectives', panels: slaPanels(sla, view) }],
});

const sentimentDashboards = (
  sla: SlaDocument,
  view: View,
  measured: MeasuredLimit | null,
): readonly DashboardSpec[] => [
  {
    uid: 'sentiment-production',
    title: 'Sentiment Analysis Production Monitoring',
    description: `Whether the service is healthy and meets its SLA. The limits are those of the document "${sla.name}".`,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    rows: [
      ...mainRows(sla, view),
      { title: 'Business', panels: businessPanels(sla, view) },
      { title: 'Model', panels: modelPanels(view) },
      { title: 'Operating', panels: operatingPanels(view) },
    ],
  },
  {
    uid: 'sla-load-run',
    title: 'Load run',
    description:
      'How the service behaves under load. Runs, their phases and verdicts are annotations. The offered rate, dropped iterations and the client’s latencies are in the report of the run.',
    refresh: '5s',
    time: { from: 'now-15m', to: 'now' },
    rows: loadRows(sla, view),
  },
  overTime(sla, view),
  {
    uid: 'sla-capacity',
    title: 'Capacity',
    description:
      'How much more load the service can handle: resources in use, the cost of a prediction, and where requests begin to wait. With ./sla review --grafana, it also shows the highest rate at which a stored run with rising steps met its objectives.',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    rows: [{ title: 'Capacity', panels: capacityPanels(view, measured) }],
  },
];

const SERVICE_SIDE =
  'Measured by the service. The report of the run also shows the load generator’s measurement.';

/** The panels of the main dashboard that a load affects, and below them the resources that the service used. */
function loadRows(sla: SlaDocument, view: View): readonly Row[] {
  const main = mainRows(sla, view).flatMap(({ panels }) => panels);
  const of = (...ids: readonly string[]) => main.filter(({ id }) => ids.includes(id));
  return [
    {
      title: 'Load and responses',
      panels: [
        ...of('prediction-rate', 'model-status', 'error-rate').map((panel) => ({ ...panel, width: 8 })),
        { ...achieved(view), width: 12 },
        { ...byStatus(view), width: 12 },
        ...of('api-latency').map((panel) => ({
          ...panel,
          width: 24,
          lookFor: `${panel.lookFor} ${SERVICE_SIDE}`,
        })),
      ],
    },
    {
      title: 'Where the time goes',
      panels: [
        { ...inProgress(view), width: 8 },
        { ...queue(view), width: 8 },
        { ...queueWait(view), width: 8 },
        { ...inferenceTime(view), width: 12 },
        { ...eventLoop(view), width: 12 },
      ],
    },
    {
      title: 'Resources used',
      panels: [{ ...cpu(view), width: 12 }, { ...memory(view), width: 12 }, ...of('error-types')],
    },
  ];
}
