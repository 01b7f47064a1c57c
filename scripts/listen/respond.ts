import type { Verdict } from '../../slas/model/model.ts';
import { verdictDocument } from '../../slas/render/json.ts';
import { wordsOf } from '../../slas/render/reasons/words.ts';
import type { Answer } from './judgements.ts';
import type { Question } from './question.ts';

/** The response to a client: a status, JSON, and when to retry. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterSeconds?: number;
  readonly allow?: string;
}

/** `GET` returns the verdict. The other routes succeed only for one kind of verdict. */
export type Asking = 'report' | 'only-on-pass' | 'only-on-fail';

export const refused = (status: number, error: string, more: Partial<Reply> = {}): Reply => ({
  status,
  body: { error },
  ...more,
});

export function replyTo(answer: Answer, question: Question, asking: Asking): Reply {
  switch (answer.kind) {
    case 'judged':
      return asking === 'report'
        ? { status: 200, body: verdictDocument(answer.verdict) }
        : { status: statusOf(answer.verdict, asking), body: shortOf(answer.verdict, question) };
    case 'busy':
      return refused(503, 'too many windows are being judged at the moment', { retryAfterSeconds: 5 });
    case 'late':
      return refused(504, 'the window could not be judged in time', { retryAfterSeconds: 10 });
    case 'failed':
      return refused(502, messageOf(answer.error), { retryAfterSeconds: 10 });
    default:
      return answer satisfies never;
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** 425: the window is not decided yet. Flagger treats every status above 202 as a failure, and shows the body. */
function statusOf({ verdict }: Verdict, asking: Exclude<Asking, 'report'>): number {
  if (verdict === 'inconclusive') return 425;
  const wanted = asking === 'only-on-pass' ? 'pass' : 'fail';
  return verdict === wanted ? 200 : 409;
}

const windowOf = ({ fromSeconds, toSeconds }: Question) => ({
  from: new Date(fromSeconds * 1000).toISOString(),
  to: new Date(toSeconds * 1000).toISOString(),
});

const shortOf = ({ verdict, exitCode, summary, objectives }: Verdict, question: Question) => ({
  verdict,
  exitCode,
  summary: wordsOf([summary]),
  window: windowOf(question),
  objectives: objectives.map(({ id, verdict: outcome, reasons }) => ({
    id,
    verdict: outcome,
    reason: wordsOf(reasons),
  })),
});
