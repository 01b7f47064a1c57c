import type { SlaDocument } from '../slas/model.ts';
import { businessPanels } from './business-panels.ts';
import type { Row, View } from './panel.ts';
import { mainRows } from './panels.ts';

export interface DashboardSpec {
  /** Stable: links and bookmarks rest on it. Also the name of the file. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly rows: readonly Row[];
}

/** Every dashboard of a document's service. */
export const dashboardsOf = (sla: SlaDocument, view: View): readonly DashboardSpec[] => [
  {
    uid: 'sentiment-production',
    title: 'Sentiment Analysis Production Monitoring',
    description: `Is the service well, and does it keep its SLA? Limits are those of the document "${sla.name}".`,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    rows: [...mainRows(sla, view), { title: 'Business', panels: businessPanels(sla, view) }],
  },
];
