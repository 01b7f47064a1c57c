import { expect, test } from 'vitest';
import type { Prepared } from '../run/prepare.ts';
import { changedBetween, changesIn, endedEarly } from './ended-early.ts';
import { sha256Of } from './storage.ts';
import { recordOf, stepOf } from './test-record.ts';

/** A search that cannot continue is invalid usage before load was sent, and leaves a report afterwards. */

const problems = [{ code: 'unreadable', path: '', file: 'my.yaml', message: 'there is no such file' }];

test('before load was sent, the problems are returned', () => {
  const said: string[] = [];
  const io = { progress: (line: string) => said.push(line) };
  expect(endedEarly(problems, recordOf([]), io)).toEqual({ ok: false, error: problems });
  // A step that could not begin sent nothing either.
  const nothing = { ...stepOf(25, 'invalid'), run: null };
  expect(endedEarly(problems, recordOf([nothing]), io).ok).toBe(false);
  expect(said).toEqual([]);
});

test('after load was sent, the problems are printed, and the steps are kept for the report', () => {
  const said: string[] = [];
  const record = recordOf([stepOf(25)]);
  const ended = endedEarly(problems, record, { progress: (line) => said.push(line) });
  expect(ended).toEqual({ ok: true, value: record });
  expect(said).toEqual(['my.yaml: there is no such file']);
});

test('a document that was changed during a search, or between two searches, ends it', () => {
  const prepared = { read: { text: 'a' }, options: { sla: 'my.yaml' } } as unknown as Prepared;
  expect(changesIn(prepared, { ...recordOf([]), documentSha256: sha256Of('a') })).toEqual([]);
  expect(changesIn(prepared, recordOf([]))).toMatchObject([{ code: 'document-changed', file: 'my.yaml' }]);
  const other = { ...recordOf([]), documentSha256: sha256Of('a') };
  expect(changedBetween(recordOf([]), recordOf([]), {})).toEqual([]);
  expect(changedBetween(recordOf([]), other, {})[0]!.message).toContain('changed between the searches');
});
