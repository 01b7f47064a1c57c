import { sleep } from 'k6';
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
import { eachArrival, options as planned } from './lib/load.ts';
import { predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

/** What is wrong with this script, on purpose: `./sla selftest` names it. */
const fault = __ENV.SLA_SELFTEST_SCRIPT ?? '';
if (fault === 'cannot-run') throw new Error('this script cannot be run, on purpose');

/** Limits as k6 itself would hold them: only where `./sla selftest --against-k6` asks for k6's own opinion. */
const thresholds = __ENV.SLA_SELFTEST_THRESHOLDS;
export const options = {
  ...planned(),
  ...(thresholds === undefined ? {} : { thresholds: JSON.parse(thresholds) as Record<string, string[]> }),
};

const confidence = new Trend('confidence');
/** Longer than any request may take: whoever sleeps so long is missing among the virtual users. */
const HOARDED_SECONDS = 6;

/** One text after the other, as smoke does. */
export default eachArrival(() => {
  if (fault === 'silent') return;
  const response = predict(nextText());
  if (fault === 'throws' && exec.scenario.iterationInTest % 10 === 9) throw new Error('on purpose');
  if (fault === 'hoards') sleep(HOARDED_SECONDS);
  if (thresholds !== undefined && response.status === 200)
    confidence.add((JSON.parse(response.body) as { confidence: number }).confidence);
});
