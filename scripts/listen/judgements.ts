import type { Verdict } from '../../slas/model/model.ts';
import type { Question } from './question.ts';

/** Judges windows for several concurrent clients, but judges each window only once. */

export type Answer =
  | { readonly kind: 'judged'; readonly verdict: Verdict }
  /** Too many windows are being judged at the moment. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'late' }
  | { readonly kind: 'failed'; readonly error: unknown };

export interface Judgements {
  ask(question: Question): Promise<Answer>;
}

export interface JudgementOptions {
  readonly judge: (question: Question, signal: AbortSignal) => Promise<Verdict>;
  /** Aborted when the program stops. */
  readonly signal: AbortSignal;
  readonly limitMs: number;
}

const MAX_AT_ONCE = 4;
/** Keeps decided verdicts, so that a repeated request gets the same response without new queries. */
const MAX_KEPT = 200;

export function shareJudgements({ judge, signal, limitMs }: JudgementOptions): Judgements {
  const running = new Map<string, Promise<Answer>>();
  const kept = new Map<string, Answer>();
  const keep = (key: string, answer: Answer) => {
    // An undecided window is not kept, because late samples may decide it.
    if (answer.kind !== 'judged' || answer.verdict.verdict === 'inconclusive') return;
    kept.set(key, answer);
    if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
  };
  const begin = async (key: string, question: Question): Promise<Answer> => {
    try {
      const answer = await judgeInTime(question, { judge, signal, limitMs });
      keep(key, answer);
      return answer;
    } finally {
      running.delete(key);
    }
  };
  return {
    async ask(question) {
      const key = JSON.stringify(question);
      const known = kept.get(key) ?? running.get(key);
      if (known !== undefined) return await known;
      if (running.size >= MAX_AT_ONCE) return { kind: 'busy' };
      const begun = begin(key, question);
      running.set(key, begun);
      return await begun;
    },
  };
}

async function judgeInTime(
  question: Question,
  { judge, signal, limitMs }: JudgementOptions,
): Promise<Answer> {
  const limit = AbortSignal.timeout(limitMs);
  const both = AbortSignal.any([signal, limit]);
  const { promise: aborted, resolve } = Promise.withResolvers<Answer>();
  const end = () => resolve(limit.aborted ? { kind: 'late' } : { kind: 'failed', error: signal.reason });
  both.addEventListener('abort', end, { once: true });
  try {
    const judged = judge(question, both).then((verdict): Answer => ({ kind: 'judged', verdict }));
    return await Promise.race([judged, aborted]);
  } catch (error) {
    return limit.aborted ? { kind: 'late' } : { kind: 'failed', error };
  } finally {
    both.removeEventListener('abort', end);
  }
}
