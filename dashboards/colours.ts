import { agreements, sentiments } from '../service/metric-names.ts';

/**
 * Colours with a meaning, by Grafana's names, the same on every panel. Green and red are reserved for good
 * and bad. By default, Grafana colours the first series green, even if it shows errors.
 */

/** The name of a series, or a regular expression between slashes. */
export type Colours = Readonly<Record<string, string>>;

const [positive, negative] = sentiments;
export const SENTIMENTS: Colours = { [positive]: 'green', [negative]: 'orange' };

/** Colours by status class. 429 means that the service rejected a request, 499 that the client disconnected. */
export const STATUSES: Colours = {
  '/^[123]../': 'green',
  '/^4../': 'yellow',
  '/^4[29]9/': 'orange',
  '/^5../': 'red',
};

export const PERCENTILES: Colours = { p50: 'light-blue', p95: 'blue', p99: 'purple' };

const [agree, disagree] = agreements;
export const AGREEMENTS: Colours = { [agree]: 'green', [disagree]: 'orange' };

/** Server errors are red, client errors are blue. */
export const ERROR_TYPES: Colours = {
  inference_error: 'red',
  overloaded: 'red',
  timeout: 'red',
  invalid_input: 'blue',
  unauthorized: 'blue',
  rate_limited: 'blue',
};

/** The colour of values that are neither good nor bad. */
export const NEUTRAL = 'blue';
/** The colour of a value that means nothing because the service received no requests. It is the colour of the surrounding text. */
export const NOTHING = 'text';
