import { expect, test } from 'vitest';
import { clientOf } from './client-address.ts';

test.each([
  [
    '4.4.4.4',
    ['4.4.4.4', '4.4.4.4:1', '4.4.4.4:65535', '4.4.4.4:', ' 4.4.4.4 ', '"4.4.4.4:80"', '::ffff:4.4.4.4'],
  ],
  ['4.4.4.4', ['::FFFF:4.4.4.4', '[::ffff:4.4.4.4]:80', '::ffff:404:404', '0:0:0:0:0:ffff:404:404%eth0']],
  [
    '0:0:0:0::/64',
    ['::1', '[::1]', '[::1]:80', '[::1]:', '"[::1]:80"', '::1%eth0', '[::1%25eth0]:80', '::2'],
  ],
  [
    '2001:db8:0:1::/64',
    ['2001:db8:0:1::', '2001:DB8:0:1::5', '[2001:db8:0:1:ffff::]:9', '2001:0db8:0:1:a:b:c:d'],
  ],
  ['1:2:3:4::/64', ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7.8.9.10', '[1:2:3:4::]:443']],
  ['fe80:0:0:0::/64', ['fe80::1%a', 'fe80::1%b', 'FE80::2%']],
])('every address of the client %s has the same key', (client, writings) => {
  expect(writings.map(clientOf)).toEqual(writings.map(() => client));
});

test('the next /64 is another client', () => {
  expect(clientOf('2001:db8:0:2::1')).not.toBe(clientOf('2001:db8:0:1::1'));
});

test.each([
  ...['', 'unknown', '_hidden', '4.4.4', '4.4.4.4.4', '04.4.4.4', '256.1.1.1', '4.4.4.4:http', '4.4.4.4:1:2'],
  ...[
    '[4.4.4.4]:80',
    '[::1',
    '::1]',
    '[::1]80',
    '[]',
    '1:2:3',
    '%eth0',
    'for=4.4.4.4',
    '4.4.4.4%a',
    '::g',
    '\u0000',
  ],
])('%j is not an address', (text) => {
  expect(clientOf(text)).toBeUndefined();
});
