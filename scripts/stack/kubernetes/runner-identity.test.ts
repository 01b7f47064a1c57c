import { expect, test } from 'vitest';
import type { Kubectl } from './kubectl.ts';
import type { LoadSpec } from './manifests.ts';
import { refuseOthers } from './runner-identity.ts';

/**
 * No two load generators may run the same part of the load. All of them must run the same script with the same version of
 * k6.
 */

const SHA = 'a'.repeat(64);
const SPEC = { namespace: 'load', count: 2, image: 'k6:2.2.0' } as LoadSpec;

interface Said {
  readonly version?: string;
  readonly sha256?: string;
  readonly args?: readonly string[];
}

const FIRST = { args: ['run', '--execution-segment', '0:1/2', '--execution-segment-sequence', '0,1/2,1'] };
const SECOND = { args: ['k6', 'run', '--execution-segment=1/2:1', '--execution-segment-sequence=0,1/2,1'] };

const textOf = ({ version = '2.2.0', sha256 = SHA, args = [] }: Said) =>
  [`k6 v${version} (go1.26, linux/amd64)`, `${sha256}  -`, ...args, ''].join('\n');

async function check(said: readonly Said[], count = 2) {
  const kubectl: Kubectl = {
    run: async (args) => textOf(said[Number(args.find((arg) => /^pod-\d$/.test(arg))!.slice(4))]!),
    follow: () => {
      throw new Error('nothing is followed');
    },
  };
  const pods = said.map((_, at) => `pod-${at}`);
  const names = said.map((_, at) => `k6-${at + 1}`);
  const { signal } = new AbortController();
  await refuseOthers(pods, names, {
    spec: { ...SPEC, count },
    ...{ withOperator: false, k6Version: '2.2.0', archiveSha256: SHA, kubectl, signal },
  });
}

test('the planned parts are accepted, also in the notation of k6-operator', async () => {
  await check([FIRST, SECOND]);
  await check([{}], 1);
});

test.each([
  [
    'two load generators have the same part',
    [FIRST, FIRST],
    'k6-2 (pod pod-1) would send the part 0:1/2 of the load instead of the part 1/2:1 of the load',
  ],
  [
    'one of two load generators has the whole load',
    [FIRST, {}],
    'k6-2 (pod pod-1) would send the whole load instead of the part 1/2:1 of the load',
  ],
  [
    'a later argument changes the part',
    [{ args: [...FIRST.args, '--execution-segment=1/2:1'] }, SECOND],
    'k6-1 (pod pod-0) would send the part 1/2:1 of the load instead of the part 0:1/2 of the load',
  ],
  [
    'a load generator has a different script',
    [FIRST, { ...SECOND, sha256: 'b'.repeat(64) }],
    `k6-2 (pod pod-1) has a different load script from the plan: its SHA-256 is ${'b'.repeat(64)} instead of ${SHA}`,
  ],
  [
    'the script of a load generator cannot be read',
    [FIRST, { ...SECOND, sha256: '' }],
    `its SHA-256 is unknown instead of ${SHA}`,
  ],
  [
    'the second load generator has a different k6',
    [FIRST, { ...SECOND, version: '2.1.0' }],
    'k6-2 (pod pod-1) has k6 2.1.0, but this machine prepared the script with 2.2.0',
  ],
] as const)('the load is refused if %s', async (_, said, message) => {
  await expect(check(said)).rejects.toThrow(message);
});
