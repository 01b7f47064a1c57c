import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** One text after the other, for long: does anything fill up, leak, or grow slow? */
export default eachArrival(() => {
  predict(nextText());
});
