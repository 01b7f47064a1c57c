/** Verdicts, phases, faults and what died in runs are Grafana's own annotations with this tag: ./sla review --grafana makes them. */
export const RUN_TAG = 'sla-run';

/** What a run's verdict has too, whichever it is: the list of verdicts shows what has this tag, and no starts and phases. */
export const VERDICT_TAG = 'verdict';

/** Each has one of these as a tag, too: so that they have colours, and can be switched off, one by one. */
export const RUN_MARKS = [
  { mark: 'start', name: 'Runs: start', colour: 'blue' },
  { mark: 'phase', name: 'Runs: phases', colour: 'purple' },
  { mark: 'faults', name: 'Runs: faults on purpose', colour: 'orange' },
  { mark: 'incident', name: 'Runs: what died', colour: 'dark-red' },
  { mark: 'held', name: 'Runs: how far steps held', colour: 'blue' },
  { mark: 'pass', name: 'Runs: passed', colour: 'green' },
  { mark: 'fail', name: 'Runs: failed', colour: 'red' },
  { mark: 'inconclusive', name: 'Runs: inconclusive', colour: 'yellow' },
] as const;

export type RunMark = (typeof RUN_MARKS)[number]['mark'];
