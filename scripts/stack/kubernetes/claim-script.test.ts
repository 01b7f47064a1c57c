import { expect, test } from 'vitest';
import { isInClaim, parseClaimScript } from './claim-script.ts';

test('a script in a volume is given by the claim and the file in it', () => {
  expect(isInClaim('claim:load-scripts/test.js')).toBe(true);
  expect(isInClaim('load/claim.js')).toBe(false);
  expect(parseClaimScript('claim:load-scripts/shop/test.js')).toEqual({
    ok: true,
    value: { claim: 'load-scripts', file: 'shop/test.js' },
  });
});

test.each([
  ['claim:', 'does not name a PersistentVolumeClaim'],
  ['claim:Load_Scripts/test.js', 'does not name a PersistentVolumeClaim'],
  ['claim:load-scripts', 'does not name a file in the volume'],
  ['claim:load-scripts/', 'does not name a file in the volume'],
  ['claim:load-scripts//test.js', 'does not name a file in the volume'],
  ['claim:load-scripts/../test.js', 'does not name a file in the volume'],
])('%s is refused', (script, message) => {
  const read = parseClaimScript(script);
  expect(!read.ok && read.error[0]!.message).toContain(message);
});
