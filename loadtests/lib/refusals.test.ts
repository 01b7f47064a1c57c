import { expect, test } from 'vitest';
import { readConfig } from '../../service/config.ts';
import { apiErrors } from '../../service/errors.ts';
import { LARGEST_BATCH, LONGEST_TEXT, MOST_EXPLAINED_WORDS, REFUSALS } from './refusals.ts';

/** Documented refusals that no request alone can earn here. */
const NOT_SENT: readonly string[] = [
  // "In another way": what is known is sent.
  'bad_request',
  // k6 takes no such address.
  'bad_url',
  // Of three requests one after the other, of which two are good.
  'feedback_conflict',
  // Only where tokens or a limit are set.
  'unauthorized',
  'rate_limited',
];

test('every refusal that the service documents is earned, with its documented status', () => {
  const documented = Object.entries(apiErrors)
    .filter(([code, { status }]) => status < 500 && !NOT_SENT.includes(code))
    .map(([code, { status }]) => `${code} ${status}`);
  expect([...new Set(REFUSALS.map(({ code, status }) => `${code} ${status}`))].sort()).toEqual(
    documented.sort(),
  );
});

test('the limits that they go beyond are those of the service', () => {
  expect(readConfig({})).toMatchObject({
    maxTextChars: LONGEST_TEXT,
    maxBatchTexts: LARGEST_BATCH,
    telling: { mostExplainedWords: MOST_EXPLAINED_WORDS },
  });
});
