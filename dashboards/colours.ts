import { agreements, sentiments } from '../service/metric-names.ts';

/**
 * Colours that mean something, by Grafana's names, the same on every panel. Green and red are kept for good and bad: by the order of
 * the series alone, whatever comes first would be green.
 */

/** The name of a series, or a regular expression between slashes. */
export type Colours = Readonly<Record<string, string>>;

const [positive, negative] = sentiments;
export const SENTIMENTS: Colours = { [positive]: 'green', [negative]: 'orange' };

/** By HTTP's classes; 499 and 429 are the service's refusals and the clients that went away. */
export const STATUSES: Colours = {
  '/^[123]../': 'green',
  '/^4../': 'yellow',
  '/^4[29]9/': 'orange',
  '/^5../': 'red',
};

export const PERCENTILES: Colours = { p50: 'light-blue', p95: 'blue', p99: 'purple' };

const [agree, disagree] = agreements;
export const AGREEMENTS: Colours = { [agree]: 'green', [disagree]: 'orange' };

/** Whose fault it was: red is the service's, blue the caller's. */
export const ERROR_TYPES: Colours = {
  inference_error: 'red',
  overloaded: 'red',
  timeout: 'red',
  invalid_input: 'blue',
  unauthorized: 'blue',
  rate_limited: 'blue',
};

/** Of what is neither good nor bad. */
export const NEUTRAL = 'blue';
/** Of a number that says nothing, as nothing was asked of the service: the colour of the text around it. */
export const NOTHING = 'text';
