import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { apiErrors } from './errors.ts';
import { endpoints, routeOutcomes } from './metric-names.ts';

test('README.md lists every error with its status, type and meaning, and no other', async () => {
  const readme = await readFile(join(import.meta.dirname, 'README.md'), 'utf8');
  const rows = readme.split('\n').filter((line) => /^\| `[a-z_]+` \| \d{3} \|/.test(line));
  const expected = Object.entries(apiErrors).map(([code, { status, errorType, meaning }]) => {
    return `| \`${code}\` | ${status} | ${errorType === undefined ? '' : `\`${errorType}\``} | ${meaning} |`;
  });
  expect(rows).toEqual(expected);
});

test.each(endpoints)('every error that %s can answer has its series from the start', (endpoint) => {
  const { statuses } = routeOutcomes.find(({ handler }) => handler === endpoint)!;
  const possible = Object.values(apiErrors).filter(({ errorType }) => errorType !== undefined);
  for (const { status } of possible) expect(statuses).toContain(status);
});
