/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the generated script contains templates. */

import type { Choices } from './choices.ts';
import type { Asked } from './sources.ts';

/** Generates a k6 script that imports nothing from this project, so that it runs anywhere. */
export function scriptText(
  { clientPath, method, ratePerSecond, durationSeconds, name }: Choices,
  { hasToken }: Pick<Asked, 'hasToken'>,
): string {
  const path = clientPath ?? '/';
  const isExample = clientPath === null || /:\w+/.test(path);
  const url = path.replace(/:\w+/g, '1');
  const hasBody = !['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method);
  const key = name.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^(?=\d)/, '_');
  const headers = [
    ...(hasBody ? ["'content-type': 'application/json'"] : []),
    ...(hasToken ? ['authorization: `Bearer ${__ENV.SLA_TARGET_TOKEN}`'] : []),
  ];
  const { rate, timeUnit } = wholeRate(ratePerSecond);
  // More virtual users than fast responses need, so that a slow service also gets the whole load.
  const users = Math.max(20, Math.ceil(ratePerSecond * 2));
  return [
    "import { check } from 'k6';",
    "import http from 'k6/http';",
    '',
    '// Requests start at this rate whether or not earlier ones received a response, like those of independent users.',
    'export const options = {',
    '  scenarios: {',
    `    ${key}: {`,
    "      executor: 'constant-arrival-rate',",
    `      rate: ${rate},`,
    `      timeUnit: '${timeUnit}',`,
    `      duration: '${durationSeconds}s',`,
    `      preAllocatedVUs: ${users},`,
    `      maxVUs: ${users * 10},`,
    '    },',
    '  },',
    '};',
    '',
    'export default function () {',
    ...(isExample ? ['  // CHANGE: a path that your service has.'] : []),
    ...(hasBody
      ? ['  // CHANGE: a body that your service accepts.', '  const body = JSON.stringify({});']
      : []),
    `  const response = http.request('${method}', \`\${__ENV.SLA_TARGET}${url}\`, ${hasBody ? 'body' : 'null'}, {`,
    ...(headers.length === 0 ? [] : [`    headers: { ${headers.join(', ')} },`]),
    "    timeout: '10s',",
    ...(url === path ? [] : [`    tags: { name: '${path}' },`]),
    '  });',
    '  // CHANGE: what a correct response contains. A failed check fails the gate; a failed request counts as an error.',
    "  check(response, { 'has a body': ({ body }) => body !== null && body.length > 0 });",
    '}',
    '',
  ].join('\n');
}

const TIME_UNITS = [
  ['1s', 1],
  ['1m', 60],
  ['1h', 3600],
] as const;

/** k6 only accepts whole numbers, so 0.5/s becomes 30 per minute. */
function wholeRate(perSecond: number): { readonly rate: number; readonly timeUnit: string } {
  const rateIn = (seconds: number) => Number((perSecond * seconds).toFixed(6));
  const [timeUnit, seconds] =
    TIME_UNITS.find(([, seconds]) => Number.isInteger(rateIn(seconds))) ?? TIME_UNITS.at(-1)!;
  return { rate: Math.round(rateIn(seconds)), timeUnit };
}
