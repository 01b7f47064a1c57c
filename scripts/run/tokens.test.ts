import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../testing/sla.ts';
import { accessOf } from './prometheus-access.ts';
import { checkTokens, withTokens } from './tokens.ts';

const TOKEN = 'target-token-71ab';
const given = (env: Record<string, string>, cwd = '/') => withTokens(env, cwd).SLA_TARGET_TOKEN;
const problemsOf = (env: Record<string, string>, cwd = '/') =>
  checkTokens(['SLA_TARGET_TOKEN', 'PROMETHEUS_TOKEN'], env, cwd).map(
    ({ path, message }) => `${path}: ${message}`,
  );

describe('a token', () => {
  test('is read from the variable, or from the first line of its file that is not empty', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'token.txt'), `\n  ${TOKEN} \nanother-token-9c\n`);
    const file = join(folder.path, 'token.txt');
    expect(given({ SLA_TARGET_TOKEN: `${TOKEN}\n` })).toBe(TOKEN);
    expect(given({ SLA_TARGET_TOKEN_FILE: file })).toBe(TOKEN);
    expect(given({ SLA_TARGET_TOKEN_FILE: 'token.txt' }, folder.path)).toBe(TOKEN);
    expect(given({ SLA_TARGET_TOKEN: '', SLA_TARGET_TOKEN_FILE: file })).toBe(TOKEN);
    expect(given({ SLA_TARGET_TOKEN: 'wins-over-it', SLA_TARGET_TOKEN_FILE: file })).toBe('wins-over-it');
    expect(problemsOf({ SLA_TARGET_TOKEN_FILE: file, PROMETHEUS_TOKEN: TOKEN })).toEqual([]);
  });

  test('is optional', () => {
    expect(given({})).toBeUndefined();
    expect(given({ SLA_TARGET_TOKEN: '', SLA_TARGET_TOKEN_FILE: '' })).toBe('');
    expect(problemsOf({ SLA_TARGET_TOKEN: '', PROMETHEUS_TOKEN_FILE: '' })).toEqual([]);
    expect(accessOf({ PROMETHEUS_TOKEN: '' }, '/')).toEqual({ headers: {} });
  });

  test('that is invalid is reported immediately, without being printed', async () => {
    await using folder = await temporaryFolder();
    const empty = join(folder.path, 'empty');
    await writeFile(empty, ' \n\n');
    expect(
      problemsOf({ SLA_TARGET_TOKEN_FILE: '/nowhere/secret-token', PROMETHEUS_TOKEN_FILE: empty }),
    ).toEqual([
      'SLA_TARGET_TOKEN_FILE: the file that it names cannot be read (ENOENT): correct the path, or unset the variable',
      'PROMETHEUS_TOKEN_FILE: the file that it names is empty: fill it, or unset the variable',
    ]);
    expect(problemsOf({ SLA_TARGET_TOKEN: 'two words-here', PROMETHEUS_TOKEN: '12345678' })).toEqual([
      'SLA_TARGET_TOKEN: the token contains spaces, or characters that are not allowed in a header: check that it is complete',
      expect.stringMatching(/^PROMETHEUS_TOKEN: it is too short or a plain number/),
    ]);
  });
});
