import Type from 'typebox';
import type { VerdictDocument } from '../json.ts';
import { type Accepts, list, nullable, number, optional, text } from './schema-parts.ts';

const Reason = Type.Object({ code: text, params: Type.Object({}) });
/** Verdicts of the first version contain only words. */
const reasons = optional(list(Reason));

export const VerdictSchema = Type.Object({
  schema: Type.Union([Type.Literal('sla-harness/verdict/v1'), Type.Literal('sla-harness/verdict/v2')]),
  verdict: Type.Union([Type.Literal('pass'), Type.Literal('fail'), Type.Literal('inconclusive')]),
  exitCode: number,
  summary: text,
  summaryReason: optional(Reason),
  sla: text,
  scenario: nullable(text),
  window: Type.Object({ from: text, to: text }),
  objectives: list(
    Type.Object({
      id: text,
      title: text,
      verdict: Type.Union([Type.Literal('met'), Type.Literal('missed'), Type.Literal('undecided')]),
      exempt: optional(Type.Union([Type.Literal('advisory'), Type.Literal('waived')])),
      value: nullable(number),
      unit: text,
      target: text,
      samples: number,
      reason: text,
      reasons,
    }),
  ),
  preconditions: list(Type.Object({ id: text, ok: nullable(Type.Boolean()), detail: text, reasons })),
});

true satisfies Accepts<VerdictDocument, typeof VerdictSchema>;
