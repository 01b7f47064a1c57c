import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeWhole } from '../run/disk.ts';
import { FILES, toJson } from '../runs/bundle.ts';
import { type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { loadTestsIn } from './load-tests.ts';

/** Which runs count as load tests of a service whose history is read. */

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const START = Date.parse('2026-11-20T10:00:00Z') / 1000;
const document = (labels: Readonly<Record<string, string>>) => ({ service: { selector: labels } });
const SHOP = document({ job: 'shop', env: 'prod' });

const RUN = {
  [FILES.plan]: { load: { scheduledSeconds: 60 } },
  [FILES.environment]: { model: null },
  [FILES.document]: document({ job: 'shop' }),
  [FILES.run]: { window: { fromSeconds: START + 70, toSeconds: START + 131 } },
};

let index = 0;
/** The periods of a folder of runs with one run, relative to its start. */
async function found(files: Readonly<Record<string, unknown>>, under = '', since = START - 1000) {
  const parent = join(folder.path, String(index++));
  const path = join(parent, under, '2026-11-20T10-00-00Z-steady-3f9a');
  await mkdir(path, { recursive: true });
  for (const [name, data] of Object.entries(files))
    if (data !== null) await writeWhole(join(path, name), toJson(data));
  const periods = await loadTestsIn([parent, parent], SHOP as never, since);
  return periods.map(({ fromSeconds, toSeconds }) => [fromSeconds - START, toSeconds - START]);
}

describe('a load test', () => {
  test('is a run against a service that was already running, from its warm-up to its last response', async () => {
    expect(await found(RUN)).toEqual([[-10, 141]]);
  });

  test('is a step of a search', async () => {
    expect(await found(RUN, '2026-11-20T09-59-00Z-capacity-steady-00aa/steps')).toEqual([[-10, 141]]);
  });

  test('is a run that was killed, for as long as it may have lasted', async () => {
    expect(await found({ ...RUN, [FILES.run]: null })).toEqual([[-10, 330]]);
  });
});

describe('no load test of this service', () => {
  test.each([
    [
      'a run against a service that the harness started',
      { ...RUN, [FILES.environment]: { model: { name: 'm' } } },
    ],
    ['a window that other clients loaded', { ...RUN, [FILES.plan]: { load: null } }],
    ['a run against another service', { ...RUN, [FILES.document]: document({ job: 'basket' }) }],
    ['a run that ended before it sent anything', { ...RUN, [FILES.environment]: null, [FILES.run]: null }],
    ['a folder of something else', {}],
  ])('%s', async (_, files) => {
    expect(await found(files)).toEqual([]);
  });

  test('a run before the history', async () => {
    expect(await found(RUN, '', START + 200)).toEqual([]);
  });
});
