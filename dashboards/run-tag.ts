/** Verdicts, phases and what died in runs are Grafana's own annotations with this tag: ./sla review --grafana makes them. */
export const RUN_TAG = 'sla-run';
