import { describe, expect, test } from 'vitest';
import { bareAddress, createRedactor } from './redact.ts';

const { text, log, data } = createRedactor(
  {
    DEPLOY_TOKEN: 'tok-4f9a77e2',
    SIGNING_KEY: '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END KEY-----',
    KEY_COUNT: '12345678',
    TOKENIZERS: 'on',
    KEY_FILE: import.meta.filename,
    HTTP_PROXY: 'http://me:pr0xy-pass@127.0.0.1:3128',
    PLAIN: 'nothing-secret',
  },
  ['http://admin:s%2Fcret-42@127.0.0.1:9090', '--prometheus=http://u:0ption-pass@127.0.0.1:1'],
);

describe('what is known to be secret goes, wherever it stands', () => {
  test.each([
    'x tok-4f9a77e2 y',
    'a=tok-4f9a77e2',
    'MIIEvQIBADANBgkqhkiG9w0BAQ',
    's%2Fcret-42',
    's/cret-42',
    `header ${Buffer.from('admin:s/cret-42').toString('base64')}`,
    'pr0xy-pass',
    '0ption-pass',
  ])('%s', (secret) => {
    expect(text(secret)).toMatch(/^(x |a=|header )?\[redacted\]( y)?$/);
  });

  test('not what merely is short, a number, a path, or of another name', () => {
    const plain = `12345678 on ${import.meta.filename} nothing-secret admin`;
    expect(log(plain)).toBe(plain);
  });
});

describe('what looks like a secret', () => {
  test.each([
    ['GET http://user:pw@host/x', 'GET http://[redacted]@host/x'],
    ['https://ghp_abc@example.org/a.git', 'https://[redacted]@example.org/a.git'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer [redacted]'],
    ['{"authorization":"Basic dXNlcjpwdw=="}', '{"authorization":"Basic [redacted]"}'],
    ['http://host/?a=1&api_key=k3y&b=2', 'http://host/?a=1&api_key=[redacted]&b=2'],
    ['sent Bearer eyJhbGciOiJIUzI1NiJ9', 'sent Bearer [redacted]'],
  ])('%s', (given, expected) => {
    expect(text(given)).toBe(expected);
    // Done twice it changes nothing more: what is read back is judged and written again.
    expect(text(expected)).toBe(expected);
  });

  test.each([
    'tokens_total{token="input"}',
    'http://127.0.0.1:9090/api/v1/query?query=up',
    'mail me@example.org about it',
    'the bearer of this message',
  ])('%s stays', (plain) => {
    expect(text(plain)).toBe(plain);
  });

  test('in logs and in what people wrote, by its name too', () => {
    expect(log('password: "hunter2", user: x')).toBe('password: "[redacted]", user: x');
    expect(log('level=info api-key=abc x=1')).toBe('level=info api-key=[redacted] x=1');
    expect(log('- { text: well, auth_token: abc }')).toBe('- { text: well, auth_token: [redacted] }');
  });
});

test('data keeps its shape; names count only in bodies and headers, elsewhere they are labels', () => {
  const given = {
    labels: { token: 'input' },
    samples: [[1.5, '12345678']],
    warmUp: { bodies: [{ text: 'tok-4f9a77e2', password: 'x', nested: { apiKey: 'y' } }] },
    none: null,
  };
  expect(data(given)).toEqual({
    ...given,
    warmUp: { bodies: [{ text: '[redacted]', password: '[redacted]', nested: { apiKey: '[redacted]' } }] },
  });
});

test.each([
  ['https://user:tok@example.org/team/x.git', 'https://example.org/team/x.git'],
  ['https://tok@example.org/x?private_token=abc', 'https://example.org/x'],
  ['ssh://git@example.org:22/x.git', 'ssh://example.org:22/x.git'],
  ['git@example.org:team/x.git', 'example.org:team/x.git'],
  ['../elsewhere', '../elsewhere'],
])('the address %s without credentials', (given, expected) => {
  expect(bareAddress(given)).toBe(expected);
});
