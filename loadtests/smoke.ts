import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** Single texts, briefly: does the service work at all? */
export default eachArrival(() => {
  predict(nextText());
});
