import Type from 'typebox';
import type { Evidence } from '../../model/model.ts';
import { type Accepts, count, labels, list, nullable, number, optional, text } from './schema-parts.ts';

const Histogram = Type.Object({
  count: text,
  sum: text,
  buckets: optional(list(Type.Tuple([number, text, text, text]))),
});

const Reading = Type.Object({
  selector: text,
  query: text,
  atSeconds: number,
  rangeSeconds: optional(number),
  digest: optional(text),
  first: optional(Type.Object({ fromSeconds: number, stepSeconds: number })),
  series: list(
    Type.Object({
      labels,
      samples: list(Type.Tuple([number, text])),
      histograms: optional(list(Type.Tuple([number, Histogram]))),
    }),
  ),
  warnings: list(text),
  error: nullable(text),
});

export const EvidenceSchema = Type.Object({
  schema: Type.Literal('sla-harness/evidence/v1'),
  prometheus: Type.Object({ url: text }),
  clock: optional(Type.Object({ aheadSeconds: number, uncertaintySeconds: number })),
  readings: list(Reading),
  thinned: optional(
    Type.Object({
      fromSeconds: number,
      stepSeconds: number,
      blocks: count,
      intervalSeconds: number,
      cutsAtSeconds: list(number),
    }),
  ),
  alerts: optional(list(Reading)),
});

true satisfies Accepts<Evidence, typeof EvidenceSchema>;
