/** `./sla review --grafana` adds a run's verdict, phases, faults and incidents as Grafana annotations with this tag. */
export const RUN_TAG = 'sla-run';

/** The annotation of a verdict also has this tag, by which the panel with the list of verdicts selects it. */
export const VERDICT_TAG = 'verdict';

/** Each annotation also has one of these tags, so that each kind has its own colour and can be hidden. */
export const RUN_MARKS = [
  { mark: 'start', name: 'Runs: start', colour: 'blue' },
  { mark: 'phase', name: 'Runs: phases', colour: 'purple' },
  { mark: 'faults', name: 'Runs: injected faults', colour: 'orange' },
  { mark: 'incident', name: 'Runs: incidents', colour: 'dark-red' },
  { mark: 'held', name: 'Runs: highest step that met its objectives', colour: 'blue' },
  { mark: 'pass', name: 'Runs: passed', colour: 'green' },
  { mark: 'fail', name: 'Runs: failed', colour: 'red' },
  { mark: 'inconclusive', name: 'Runs: inconclusive', colour: 'yellow' },
] as const;

export type RunMark = (typeof RUN_MARKS)[number]['mark'];
