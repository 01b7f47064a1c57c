import { eachArrival, phaseName, options as planned, requestNumber } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextOpinion } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

/** The number of positive texts in every ten. */
const PLEASED = { balanced: 5, moved: 8 };

/** Opinions, half of them positive; in the phase `moved`, four of five are positive. */
export default eachArrival(() => {
  const pleased = phaseName() === 'moved' ? PLEASED.moved : PLEASED.balanced;
  predict(nextOpinion((requestNumber() * 7) % 10 < pleased ? 'positive' : 'negative'));
});
