import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** One text per request; the scenario defines how many, and when. */
export default eachArrival(() => {
  predict(nextText());
});
