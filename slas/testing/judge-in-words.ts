import { judge } from '../judge/judge.ts';
import type { Evidence, Plan, RunRecord } from '../model/model.ts';
import { type VerdictDocument, verdictDocument } from '../render/json.ts';

/** A verdict in its stored form, with the words of its reasons: tests read them as users do. */
export const judgeInWords = (plan: Plan, run: RunRecord, evidence: Evidence): VerdictDocument =>
  verdictDocument(judge(plan, run, evidence));

export type ObjectiveInWords = VerdictDocument['objectives'][number];
