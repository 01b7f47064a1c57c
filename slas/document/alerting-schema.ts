import Type from 'typebox';
import { Counter, closed, text } from './measure-schemas.ts';

/** The schema of a document's alerting rules. */

const severity = Type.Union([Type.Literal('critical'), Type.Literal('warning')], {
  description: 'critical pages the operator on call; warning can wait until the morning',
});

const alertName = Type.String({
  pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
  description: 'Name of the alert',
  examples: ['HighErrorRate'],
});

const Drift = Type.Object(
  {
    name: alertName,
    severity,
    part: Counter,
    total: Counter,
    expected: text('Expected share of part in total', '50%'),
    moved: text('Largest tolerated difference from the expected share, in either direction', '10%'),
  },
  { ...closed, description: 'Alerts when a share of events moves away from its expected value' },
);

export const Alerting = Type.Object(
  {
    runbooks: Type.Optional(
      text(
        'Location of the runbooks: {alert} stands for the name of the alert. Without it, # and the name in lower case are appended',
        'docs/runbooks/{alert}.md',
      ),
    ),
    names: Type.Optional(
      Type.Record(Type.String(), Type.Object({ name: alertName, severity }, closed), {
        description: 'Name and severity of the alert of each objective',
      }),
    ),
    drift: Type.Optional(Drift),
    raw: Type.Optional(
      Type.Array(
        Type.Object(
          { name: alertName, severity, expr: text('PromQL expression'), summary: text('One-line summary') },
          closed,
        ),
        {
          description:
            'Alerting rules that are copied unchanged, in a separate group that ./sla rules --raw writes',
        },
      ),
    ),
  },
  {
    ...closed,
    description: 'Alerting rules that ./sla rules writes in addition to the limits of the objectives',
  },
);
