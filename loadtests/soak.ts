import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** Single texts for a long time: does anything fill up, leak or slow down? */
export default eachArrival(() => {
  predict(nextText());
});
