import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** Single texts at a rising rate: k6 stops in the first step that breaks an objective. */
export default eachArrival(() => {
  predict(nextText());
});
