import Type, { type Static } from 'typebox';
import type { History } from '../../capacity/traffic/model.ts';
import {
  type Accepts,
  count,
  list,
  nullable,
  number,
  optional,
  text,
  type Unlisted,
} from './schema-parts.ts';

export const TrafficSchema = Type.Object({
  schema: Type.Literal('sla-harness/traffic/v1'),
  requests: text,
  readAtSeconds: count,
  weeks: count,
  traffic: Type.Object({
    fromSeconds: count,
    hours: list(
      Type.Object({
        perSecond: nullable(count),
        atLeastPerSecond: count,
        busiestPerSecond: nullable(count),
      }),
    ),
    replicas: nullable(count),
    excludedHours: optional(count),
  }),
  copiedBy: list(text),
  doubtfulDays: count,
  loadTests: optional(
    Type.Object({
      runs: count,
      named: count,
      periods: list(Type.Object({ fromSeconds: number, toSeconds: number })),
    }),
  ),
});

true satisfies Accepts<History, typeof TrafficSchema>;
({}) as {
  [Field in Unlisted<History, Static<typeof TrafficSchema>>]: 'add it to the schema above';
} satisfies Record<string, never>;
