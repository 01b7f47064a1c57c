import type { VerdictDocument } from '../render/json.ts';
import type { JudgingCase } from './cases.ts';
import { judgeInWords } from './judge-in-words.ts';

const verdicts = new Map<JudgingCase, VerdictDocument>();

/** The verdict of a case. Several test files use it; a worker that runs them judges each case once. */
export function verdictOf(one: JudgingCase): VerdictDocument {
  const known = verdicts.get(one);
  if (known !== undefined) return known;
  const { plan, run, evidence } = one.build();
  const verdict = judgeInWords(plan, run, evidence);
  verdicts.set(one, verdict);
  return verdict;
}
