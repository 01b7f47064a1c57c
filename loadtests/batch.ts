import { eachArrival, load, options as planned, requestNumber } from './lib/load.ts';
import { shuffled } from './lib/random.ts';
import { LARGEST_BATCH } from './lib/refusals.ts';
import { predictBatch } from './lib/request.ts';
import { nextTexts } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

export const options = planned();

const sizes = shuffled(
  Array.from({ length: LARGEST_BATCH }, (_, index) => index + 1),
  load.seed,
);

/** Sends batches of every size from one text to the limit, each size equally often. */
export default eachArrival(() => {
  predictBatch(nextTexts(sizes[requestNumber() % sizes.length]!));
});
