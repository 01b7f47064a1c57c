import { arrivalNumber, eachArrival, options as planned } from './lib/load.ts';
import { feedbackConflict, REFUSALS, type Refusal } from './lib/refusals.ts';
import { type Answer, expectAnswer, expectRefusal, post, predict, send } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** Every refusal in turn. null stands for the refusal of contradicting feedback, which needs earlier feedback to be sent first. */
const ROUND: readonly (Refusal | null)[] = [...REFUSALS, null];

/**
 * A visit of four requests: two valid ones, and two invalid ones that must get their documented refusals. The invalid requests must not
 * affect the valid ones.
 */
export default eachArrival(() => {
  const id = idOf(predict(nextText()));
  const bad = [0, 1].map((index) => ROUND[(arrivalNumber() * 2 + index) % ROUND.length] ?? null);
  if (id !== null && bad.includes(null))
    expectAnswer(post('/feedback', { id, agrees: true }), (body) => typeof countedIn(body) === 'boolean');
  else predict(nextText());
  for (const refusal of bad) {
    if (refusal !== null) refused(refusal);
    // Without a prediction, no feedback can be contradicted. Another refusal is requested instead, to keep the number of requests constant.
    else refused(id === null ? REFUSALS[0]! : feedbackConflict(id));
  }
});

const countedIn = (body: unknown) => (body as { counted?: unknown } | null)?.counted;

const idOf = (response: Answer) => (response.status === 200 ? (response.json('id') as string) : null);

function refused({ code, status, request }: Refusal): void {
  expectRefusal(send({ ...request, recordedAs: 'bad input' }), status, code);
}
