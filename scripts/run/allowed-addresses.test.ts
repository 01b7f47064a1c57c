import { BlockList, isIPv4 } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressesOf, forbiddenRanges } from './allowed-addresses.ts';

const ipv4 = fc.ipV4();
const ipv6 = fc.ipV6().filter((address) => !/^(0*:)*:?(0*:)*ffff:[\d.]+/i.test(address));
const address = fc.oneof(ipv4, ipv6);
const family = (one: string) => (isIPv4(one) ? 'ipv4' : 'ipv6');

/** The number of ranges that contain an address, according to Node's own address and range parser. */
function rangesWith(one: string, ranges: readonly string[]): number {
  return ranges.filter((range) => {
    const [network, length] = range.split('/');
    if (family(network!) !== family(one)) return false;
    const list = new BlockList();
    list.addSubnet(network!, Number(length), family(network!));
    return list.check(one, family(one));
  }).length;
}

const isSame = (one: string, other: string) => {
  const list = new BlockList();
  list.addAddress(other, family(other));
  return family(one) === family(other) && list.check(one, family(one));
};

test('every address is either allowed or in exactly one range', () => {
  fc.assert(
    fc.property(fc.array(address, { maxLength: 4 }), address, (allowed, probe) => {
      const isAllowed = allowed.some((one) => isSame(probe, one));
      expect(rangesWith(probe, forbiddenRanges(allowed))).toBe(isAllowed ? 0 : 1);
    }),
    { numRuns: 150 },
  );
});

test('an address that differs from an allowed one in any single bit is forbidden', () => {
  const ranges = forbiddenRanges(['127.0.0.1', '::1']);
  for (let bit = 0; bit < 32; bit++) {
    const other = (0x7f000001 ^ (1 << bit)) >>> 0;
    const probe = [24, 16, 8, 0].map((shift) => (other >>> shift) & 255).join('.');
    expect(rangesWith(probe, ranges), probe).toBe(1);
  }
  for (const probe of ['::', '::2', '::1:0:1', '1::1', '8000::1', 'fe80::1'])
    expect(rangesWith(probe, ranges), probe).toBe(1);
  for (const probe of ['127.0.0.1', '::1']) expect(rangesWith(probe, ranges), probe).toBe(0);
});

test('if no address of a protocol version is allowed, the whole version is forbidden', () => {
  expect(forbiddenRanges(['127.0.0.1'])).toHaveLength(33);
  expect(forbiddenRanges(['127.0.0.1']).at(-1)).toBe('0:0:0:0:0:0:0:0/0');
  expect(forbiddenRanges(['::1'])).toHaveLength(129);
  expect(forbiddenRanges(['::1'])[0]).toBe('0.0.0.0/0');
  expect(forbiddenRanges([])).toEqual(['0.0.0.0/0', '0:0:0:0:0:0:0:0/0']);
});

test('an IPv4-mapped IPv6 address is treated as an IPv4 address, as in k6', () => {
  expect(forbiddenRanges(['::ffff:127.0.0.1'])).toEqual(forbiddenRanges(['127.0.0.1']));
  expect(forbiddenRanges(['fe80::1%eth0'])).toEqual(forbiddenRanges(['fe80::1']));
});

test('the allowed addresses of a URL are those of its host', async () => {
  expect(await addressesOf('[::1]')).toEqual(['::1']);
  expect(await addressesOf('127.0.0.2')).toEqual(['127.0.0.2']);
  expect(await addressesOf('localhost')).toContain('127.0.0.1');
  await expect(addressesOf('no-such-host.invalid')).rejects.toMatchObject({ code: 'unknown-host' });
});
