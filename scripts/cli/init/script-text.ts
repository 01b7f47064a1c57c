import { parseDuration } from '../../../slas/document/limits.ts';
import type { Choices } from './choices.ts';

/** Writes a k6 script that imports nothing of this project, so that it runs anywhere. */
export function scriptText(
  { clientPath, method, ratePerSecond, durationSeconds, name, latencies }: Choices,
  hasBuckets: boolean,
): string {
  const path = clientPath ?? '/';
  const isExample = clientPath === null || /:\w+/.test(path);
  const url = path.replace(/:\w+/g, '1');
  const hasBody = !['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method);
  const key = name.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^(?=\d)/, '_');
  // More than fast responses need, so that a slow service gets the whole load, too.
  const users = Math.max(20, Math.ceil(ratePerSecond * 2));
  return [
    "import { check } from 'k6';",
    "import http from 'k6/http';",
    '',
    '// Requests start at this rate whether or not earlier ones got a response, like those of independent users.',
    'export const options = {',
    '  scenarios: {',
    `    ${key}: {`,
    "      executor: 'constant-arrival-rate',",
    `      rate: ${ratePerSecond},`,
    "      timeUnit: '1s',",
    `      duration: '${durationSeconds}s',`,
    `      preAllocatedVUs: ${users},`,
    `      maxVUs: ${users * 10},`,
    '    },',
    '  },',
    ...(hasBuckets ? [] : thresholdLines(latencies)),
    '};',
    '',
    'export default function () {',
    ...(isExample ? ['  // CHANGE: a path that your service has.'] : []),
    ...(hasBody
      ? ['  // CHANGE: a body that your service accepts.', '  const body = JSON.stringify({});']
      : []),
    `  const response = http.request('${method}', \`\${__ENV.SLA_TARGET}${url}\`, ${hasBody ? 'body' : 'null'}, {`,
    ...(hasBody ? ["    headers: { 'content-type': 'application/json' },"] : []),
    "    timeout: '10s',",
    ...(url === path ? [] : [`    tags: { name: '${path}' },`]),
    '  });',
    '  // CHANGE: what a correct response contains. A failed check fails the gate; a failed request counts as an error.',
    "  check(response, { 'has a body': ({ body }) => body !== null && body.length > 0 });",
    '}',
    '',
  ].join('\n');
}

/** Without buckets in the service, only k6 knows how many responses were within a limit. The gate shows a threshold as a row of its verdict. */
const thresholdLines = (latencies: Choices['latencies']) => [
  "  // By k6's clock alone, because the service has no buckets: the gate judges each of these as an objective.",
  `  thresholds: { http_req_duration: [${latencies.map(({ percentile, limit }) => `'p(${percentile})<${inMilliseconds(limit)}'`).join(', ')}] },`,
];

const inMilliseconds = (limit: string) => Number(((parseDuration(limit) ?? 0) * 1000).toPrecision(12));
