import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** One text after the other, more and more of them: k6 stops in the first step that breaks a promise. */
export default eachArrival(() => {
  predict(nextText());
});
