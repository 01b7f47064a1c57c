import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ApiErrorDefinition, apiErrors } from './errors.ts';
import { inferringEndpoints, routeOutcomes } from './metric-names.ts';

test('README.md lists every error with its status, type and meaning, and no other', async () => {
  const readme = await readFile(join(import.meta.dirname, 'README.md'), 'utf8');
  const rows = readme.split('\n').filter((line) => /^\| `[a-z_]+` \| \d{3} \|/.test(line));
  const expected = Object.entries(apiErrors).map(([code, { status, errorType, meaning }]) => {
    return `| \`${code}\` | ${status} | ${errorType === undefined ? '' : `\`${errorType}\``} | ${meaning} |`;
  });
  expect(rows).toEqual(expected);
});

test.each(inferringEndpoints)('every error of %s has its series from the start', (endpoint) => {
  const { statuses } = routeOutcomes.find(({ handler }) => handler === endpoint)!;
  const all: readonly ApiErrorDefinition[] = Object.values(apiErrors);
  const possible = all.filter(
    ({ errorType, paths = [endpoint] }) => errorType !== undefined && paths.includes(endpoint),
  );
  for (const { status } of possible) expect(statuses).toContain(status);
});
