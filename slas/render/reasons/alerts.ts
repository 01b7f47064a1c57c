import type { AlertReasons } from '../../model/reasons-alerts.ts';
import { countOf, formatCount } from '../numbers.ts';
import type { Entries } from './entry.ts';

type Judged = AlertReasons['alert-judged']['objectives'][number];

function judgedWords({ id, verdict, severity, hasAlertThreshold }: Judged): string {
  if (verdict !== 'missed') return `${id} is ${verdict}`;
  if (severity === 'alert') return `${id} is missed, beyond its alert threshold`;
  return `${id} is missed${hasAlertThreshold ? ', within its alert threshold' : ''}`;
}

const RULES = 'Compare the rule in Prometheus with what `./sla rules` prints.';

/** How Prometheus's own alerts compare with the verdict, which they never change. */
export const ALERTS: Entries<AlertReasons> = {
  'alerts-unknown': {
    words: ({ error }) => `alerts could not be read: ${error}`,
    meaning: "The query for the document's alerts failed.",
    next: 'Look at the error. The verdict does not depend on alerts.',
  },
  'no-alerting-rules': {
    words: () => "this Prometheus evaluates none of the document's alerting rules",
    meaning:
      "In the window, Prometheus has no alert of the document's rules, and no series that the rules record.",
    next: 'If you want alerts, load the rules that `./sla rules` prints.',
  },
  'alerts-seen': {
    words: ({ objectives, fired, disagreeing }) => {
      const rules =
        objectives === 0
          ? 'alerts were found, but not the series that the rules record, so a silent alert proves nothing'
          : `rules for ${countOf(objectives, 'objective')} were evaluated`;
      const firing = fired === 0 ? 'no alert fired' : `${countOf(fired, 'alert')} fired`;
      const apart =
        disagreeing === 0
          ? ''
          : `; ${countOf(disagreeing, 'alert')} ${disagreeing === 1 ? 'disagrees' : 'disagree'} with the verdict`;
      return `${rules}: ${firing}${apart}`;
    },
    meaning: 'The state of the alerting rules during the run.',
    next: 'Nothing, unless an alert disagrees with the verdict.',
  },
  'alert-unrelated': {
    words: () => 'no judged objective has the same threshold',
    meaning: 'The alert fired on something that this run did not judge.',
    next: 'Nothing.',
  },
  'alert-judged': {
    words: ({ objectives }) => objectives.map(judgedWords).join(', '),
    meaning: "The verdict on the alert's objective.",
    next: 'Nothing, unless alert and verdict disagree.',
  },
  'alert-looks-back': {
    words: () =>
      'the alert may look back past the start of the window, and the verdict covers the whole window',
    meaning: 'The alert fired, but the verdict found the objective met.',
    next: 'Check the time before the window, and look for a short violation during it.',
  },
  'alert-pending': {
    words: () => 'the alert was pending when the window ended',
    meaning: 'The objective is missed, and the rule was waiting for its `for:` time.',
    next: 'Nothing.',
  },
  'alert-silent': {
    words: ({ overSeconds, forSeconds }) =>
      `the rule looks back ${duration(overSeconds)}, waits ${duration(forSeconds)} before it fires, and sees only what the service measures`,
    meaning: 'The objective is missed and its alert had time to fire, but did not.',
    next: RULES,
  },
};

const duration = (seconds: number) =>
  seconds % 60 === 0 && seconds > 0 ? `${formatCount(seconds / 60)} min` : `${formatCount(seconds)} s`;
