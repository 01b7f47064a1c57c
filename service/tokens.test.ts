import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configOf } from './testing/service.ts';
import { loadTokens } from './tokens.ts';

const [first, second, third] = ['first-token-0123456', 'second-token-012345', 'third-token-0123456'];

async function fileOf(content: string) {
  const folder = await mkdtemp(join(tmpdir(), 'tokens-'));
  const path = join(folder, 'tokens');
  await writeFile(path, content);
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test('tokens come from the environment and from a file, separately for predictions and metrics', async () => {
  await using file = await fileOf(`# rotated in spring\n${second}\n\n  ${third}  \n`);
  const config = configOf({ API_TOKENS: first, METRICS_TOKENS: `${second},${third}` });
  expect(await loadTokens(config)).toEqual({ predict: [first], metrics: [second, third] });
  const both = configOf({ API_TOKENS: first, API_TOKENS_FILE: file.path });
  expect(await loadTokens(both)).toEqual({ predict: [first, second, third], metrics: [] });
});

test.each([
  ['', 'no_tokens', 'contains no token'],
  ['# nothing yet\n', 'no_tokens', 'contains no token'],
  ['short\n', 'bad_token', 'token number 1 is not 16 to 512'],
])('a file without a valid token is refused: %j', async (content, code, message) => {
  await using file = await fileOf(content);
  const loaded = await loadTokens(configOf({ METRICS_TOKENS_FILE: file.path }));
  expect(loaded).toContainEqual({
    code,
    path: 'METRICS_TOKENS_FILE',
    message: expect.stringContaining(message),
  });
});

test('the error names a missing file', async () => {
  const loaded = await loadTokens(configOf({ API_TOKENS_FILE: '/no/such/file' }));
  expect(loaded).toMatchObject([
    { path: 'API_TOKENS_FILE', message: expect.stringContaining('/no/such/file') },
  ]);
});
