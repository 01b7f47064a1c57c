import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** One text per request; how many and when is the scenario's. */
export default eachArrival(() => {
  predict(nextText());
});
