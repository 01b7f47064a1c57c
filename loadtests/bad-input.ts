import { eachArrival, options as planned, requestNumber } from './lib/load.ts';
import { REFUSALS, type Refusal } from './lib/refusals.ts';
import { expectRefusal, predict, send } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** Good requests and bad ones in turn: each bad one must get its documented refusal, and the good ones must not suffer. */
export default eachArrival(() => {
  const number = requestNumber();
  if (number % 2 === 0) predict(nextText());
  else refused(REFUSALS[((number - 1) / 2) % REFUSALS.length]!);
});

function refused({ code, status, request }: Refusal): void {
  expectRefusal(send({ ...request, recordedAs: 'bad input' }), status, code);
}
