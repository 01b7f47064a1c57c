import type { WarmUpRequest } from '../../run/warm-up-requests.ts';

/** Warms the service up with a k6 script in the cluster, because this machine may not be able to reach the service. */
export interface PlannedWarmUp {
  readonly requests: readonly WarmUpRequest[];
  readonly ratePerSecond: number;
  readonly amount: number;
}

export const WARM_UP_CHECK = 'answered with 2xx';
const SLOWEST_PER_SECOND = 1e-3;

/**
 * Generates a script that sends the planned number of requests at the planned rate. Its single check counts the successful
 * responses.
 */
export function warmUpScript({ requests, ratePerSecond, amount }: PlannedWarmUp): string {
  const seconds = Math.max(1, Math.round(amount / Math.max(ratePerSecond, SLOWEST_PER_SECOND)));
  const scenario = {
    executor: 'constant-arrival-rate',
    rate: amount,
    timeUnit: `${seconds}s`,
    duration: `${seconds}s`,
    preAllocatedVUs: Math.min(100, amount),
    gracefulStop: '30s',
  };
  return `${IMPORTS}
const requests = ${JSON.stringify(requests)};
export const options = { scenarios: { warm: ${JSON.stringify(scenario)} }, maxRedirects: 0 };
export default () => {
  const number = exec.scenario.iterationInTest;
  if (number >= ${amount}) return;
  const { method, path, headers, body } = requests[number % requests.length];
  const token = __ENV.SLA_TARGET_TOKEN;
  const own = token ? { ...headers, authorization: \`Bearer \${token}\` } : headers;
  const response = http.request(method, \`\${__ENV.SLA_TARGET}\${path}\`, body, { headers: own });
  check(response, { ${JSON.stringify(WARM_UP_CHECK)}: ({ status }) => status >= 200 && status < 300 });
};
`;
}

/** Written as strings, because the build of the npm package would treat import lines in this file as dependencies. */
const IMPORTS = [
  "import { check } from 'k6';",
  "import exec from 'k6/execution';",
  "import http from 'k6/http';",
].join('\n');
