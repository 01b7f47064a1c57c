import Type from 'typebox';
import type { StoredRunRecord } from '../../client/stored.ts';
import { type Accepts, count, list, nullable, number, optional, text } from './schema-parts.ts';

const ClientReference = Type.Object({ file: Type.Literal('client.bin'), requests: count });

/** Earlier versions wrote the requests themselves here. */
const ClientText = Type.Object({
  originSeconds: number,
  startMs: text,
  durationMs: text,
  blockedMs: text,
  status: text,
  path: text,
  paths: list(text),
});

const LoadRecord = Type.Object({
  generator: Type.Object({ name: text, version: text, instances: optional(count) }),
  plannedRequests: count,
  scheduledSeconds: count,
  sent: count,
  answered: Type.Object({ '1xx': count, '2xx': count, '3xx': count, '4xx': count, '5xx': count }),
  lost: count,
  startedLateP99Seconds: optional(number),
  client: optional(Type.Union([ClientReference, ClientText])),
  phases: optional(
    list(Type.Object({ name: text, fromSeconds: number, sent: count, startedLateP99Seconds: number })),
  ),
  scenarios: optional(
    list(
      Type.Object({
        name: text,
        iterations: count,
        droppedIterations: count,
        requests: count,
        startedLateP99Seconds: optional(number),
      }),
    ),
  ),
  elsewhere: optional(list(Type.Object({ host: text, requests: count }))),
  otherProtocols: optional(
    list(
      Type.Object({
        protocol: Type.Union([Type.Literal('grpc'), Type.Literal('websocket')]),
        samples: count,
      }),
    ),
  ),
  interruptedIterations: optional(count),
  droppedIterations: count,
  completed: Type.Boolean(),
  stoppedBecause: nullable(text),
  decidedAtSeconds: optional(count),
  decidedLateP99Seconds: optional(number),
});

export const RunSchema = Type.Object({
  schema: Type.Literal('sla-harness/run/v1'),
  id: text,
  window: Type.Object({ fromSeconds: number, toSeconds: number }),
  load: nullable(LoadRecord),
  incidents: nullable(list(text)),
});

true satisfies Accepts<StoredRunRecord, typeof RunSchema>;
