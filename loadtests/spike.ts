import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** Single texts: ten times the rate within five seconds, and back again. */
export default eachArrival(() => {
  predict(nextText());
});
