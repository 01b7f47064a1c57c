import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { slaHere } from '../testing/sla.ts';
import { alteredCopy, finishedSearch, withStep } from './altered-search.ts';
import { CAPACITY_FILES } from './storage.ts';
import { FINISHED, HOLD, MISS, makeSearch } from './test-search.ts';

/** `./sla verify` on the folder of a search. */

const search = finishedSearch();

test('every stored run is judged again, and the answer is printed; the machine may be another one', async () => {
  const path = await alteredCopy(search.made, search.folder.path, (record) => ({ ...record, cores: 999 }));
  const { code, stdout, stderr } = await slaHere(['verify', path]);
  expect(stderr).toContain('judging 3 stored runs again');
  expect(stderr).toContain('every stored run gives what');
  expect(stdout).toContain(
    'Every objective holds at 425/s, confirmed by a hold; at 438/s an objective is missed.',
  );
  expect(code).toBe(0);
});

test('a search without a hold has no answer: exit code 3', async () => {
  const path = await alteredCopy(
    await makeSearch(join(search.folder.path, 'unfinished'), FINISHED.slice(0, HOLD)),
    search.folder.path,
  );
  const { code, stdout } = await slaHere(['verify', path]);
  expect(stdout).toContain('There is no answer: the time budget ended before a rate could be confirmed');
  expect(code).toBe(3);
});

test('a step that its run contradicts, and a missing run, are named: exit code 2', async () => {
  const path = await alteredCopy(
    search.made,
    search.folder.path,
    withStep(MISS, { outcome: 'met', missed: [] }),
  );
  const { code, stdout, stderr } = await slaHere(['verify', path]);
  expect(stderr).toContain(
    'step at 438/s (2 of 3): the record says outcome met, but its stored run gives missed',
  );
  expect([code, stdout]).toEqual([2, '']);
  const without = await alteredCopy(search.made, search.folder.path);
  await rm(join(without, CAPACITY_FILES.steps), { recursive: true });
  expect((await slaHere(['verify', without])).stderr).toMatch(/its run folder steps\/\S+ is missing/);
});

test('options of a single run are refused', async () => {
  const { code, stderr } = await slaHere(['verify', search.made.path, '--confidence', '0.99']);
  expect(stderr).toContain('--confidence: a search is judged from its own files, at its own confidence');
  expect(code).toBe(2);
});
