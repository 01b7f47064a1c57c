import { check, sleep } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Trend } from 'k6/metrics';
import { reportsNoError } from './lib/bodies.ts';
import { eachArrival, options as planned, target } from './lib/load.ts';
import { expectAnswer, post, predict } from './lib/request.ts';
import { nextText } from './lib/texts.ts';

export { handleSummary } from './lib/summary.ts';

/** The fault that this script injects for a test, as named by `./sla selftest`. */
const fault = __ENV.SLA_SELFTEST_SCRIPT ?? '';
if (fault === 'cannot-run') throw new Error('this script cannot be run, on purpose');

/** The document's limits as k6 thresholds, set only by `./sla selftest --against-k6`. */
const thresholds = __ENV.SLA_SELFTEST_THRESHOLDS;
export const options = {
  ...planned(),
  ...(thresholds === undefined ? {} : { thresholds: JSON.parse(thresholds) as Record<string, string[]> }),
};

const confidence = new Trend('confidence');
const BODY = JSON.stringify({ text: 'Works well.' });
const JSON_BODY = { 'Content-Type': 'application/json' };
/** Longer than any request takes: an iteration that sleeps this long occupies a virtual user. */
const HOARDED_SECONDS = 6;

export function setup(): void {
  if (fault === 'setup-throws') throw new Error('no token, on purpose');
}

export function teardown(): void {
  if (fault === 'teardown-throws') throw new Error('cannot clean up, on purpose');
}

/** Sends single texts, like the scenario smoke. */
export default eachArrival(() => {
  if (fault === 'silent') return;
  if (fault === 'past-the-library') return void http.post(`${target}/predict`, BODY, { headers: JSON_BODY });
  if (fault === 'as-new') return expectAnswer(post('/predict', { text: nextText() }), reportsNoError);
  const response = predict(nextText());
  const index = exec.scenario.iterationInTest;
  if (fault === 'check-fails') check(response, { 'the sentiment is neutral': () => false });
  if (fault === 'check-fails-once') check(response, { 'it is not the 300th': () => index !== 299 });
  if (fault === 'check-fails-often') check(response, { 'it is no 20th': () => index % 20 !== 19 });
  if (fault === 'marks-failed' && index === 299) exec.test.fail('on purpose');
  if (fault === 'throws' && index % 10 === 9) throw new Error('on purpose');
  if (fault === 'hoards') sleep(HOARDED_SECONDS);
  if (thresholds !== undefined && response.status === 200)
    confidence.add((JSON.parse(response.body) as { confidence: number }).confidence);
});
