import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** One text after the other: ten times as many within five seconds, and back again. */
export default eachArrival(() => {
  predict(nextText());
});
