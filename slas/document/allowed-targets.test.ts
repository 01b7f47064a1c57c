import { describe, expect, test } from 'vitest';
import { fail, ok } from '../model/result.ts';
import { entryFor, isAllowed, readAllowed } from './allowed-targets.ts';

describe('an allowed-target entry', () => {
  test.each([
    ['api.example.org', { host: 'api.example.org', port: null }],
    ['my_service:8080', { host: 'my_service', port: '8080' }],
    ['10.0.0.7:65535', { host: '10.0.0.7', port: '65535' }],
    ['[2001:db8::7]:8080', { host: '[2001:db8::7]', port: '8080' }],
  ])('%s', (entry, expected) => {
    expect(readAllowed(entry)).toEqual(ok(expected));
  });

  test.each([
    ['0x7f.1', { code: 'another-spelling', of: '127.0.0.1' }],
    ['10.7', { code: 'another-spelling', of: '10.0.0.7' }],
    ['[2001:db8:0:0::7]', { code: 'another-spelling', of: '[2001:db8::7]' }],
    ['api.example.org:0', { code: 'bad-port' }],
    ['api.example.org:080', { code: 'bad-port' }],
    ['api.example.org:65536', { code: 'bad-port' }],
    ['[::zz]', { code: 'bad-host' }],
    ['256.0.0.1', { code: 'bad-host' }],
    ['a:b', { code: 'no-host-and-port' }],
  ])('%s is refused: %j', (entry, wrong) => {
    expect(readAllowed(entry)).toEqual(fail(wrong));
  });
});

describe('the allowed load targets', () => {
  const listed = ['api.example.org', '10.0.0.7:8080', 'shop.example.org:443'];
  test.each([
    'http://127.0.0.1:8000',
    'http://127.9.9.9',
    'http://0x7f.1:8000',
    'http://localhost:8000',
    'https://[::1]:8000',
    'http://api.example.org:9999',
    'https://API.example.org',
    'http://10.0.0.7:8080',
    'https://shop.example.org',
  ])('%s', (url) => {
    expect(isAllowed(new URL(url), listed)).toBe(true);
  });

  test.each([
    'http://10.0.0.7',
    'http://10.0.0.7:8081',
    'http://shop.example.org',
    'http://example.org',
    'http://v2.api.example.org',
    'http://api.example.org.',
    'http://api.example.org.evil.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://0.0.0.0:8000',
    'http://[::ffff:127.0.0.1]:8000',
  ])('not %s', (url) => {
    expect(isAllowed(new URL(url), listed)).toBe(false);
  });

  test('suggests the entry that would allow an address', () => {
    for (const url of ['https://shop.example.org', 'http://10.0.0.7:8081', 'http://[2001:db8::7]']) {
      const entry = entryFor(new URL(url));
      expect(readAllowed(entry)).toMatchObject(ok({ port: expect.any(String) }));
      expect(isAllowed(new URL(url), [entry])).toBe(true);
    }
  });
});
