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

describe('known secrets are removed everywhere', () => {
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

  test('values that are short, numbers, paths or not named like a secret are kept', () => {
    const plain = `12345678 on ${import.meta.filename} nothing-secret admin`;
    expect(log(plain)).toBe(plain);
  });
});

describe('text that looks like a secret', () => {
  test.each([
    ['GET http://user:pw@host/x', 'GET http://[redacted]@host/x'],
    ['https://ghp_abc@example.org/a.git', 'https://[redacted]@example.org/a.git'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer [redacted]'],
    ['{"authorization":"Basic dXNlcjpwdw=="}', '{"authorization":"Basic [redacted]"}'],
    ['http://host/?a=1&api_key=k3y&b=2', 'http://host/?a=1&api_key=[redacted]&b=2'],
    ['sent Bearer eyJhbGciOiJIUzI1NiJ9', 'sent Bearer [redacted]'],
  ])('%s', (given, expected) => {
    expect(text(given)).toBe(expected);
    // Redacting twice must give the same result, because stored data is read, judged and written again.
    expect(text(expected)).toBe(expected);
  });

  test.each([
    'tokens_total{token="input"}',
    'http://127.0.0.1:9090/api/v1/query?query=up',
    'mail me@example.org about it',
    'the bearer of this message',
  ])('%s is kept', (plain) => {
    expect(text(plain)).toBe(plain);
  });

  test('is also recognised by its name, in logs and in text that the user wrote', () => {
    expect(log('password: "hunter2", user: x')).toBe('password: "[redacted]", user: x');
    expect(log('level=info api-key=abc x=1')).toBe('level=info api-key=[redacted] x=1');
    expect(log('- { text: well, auth_token: abc }')).toBe('- { text: well, auth_token: [redacted] }');
  });
});

test('data keeps its structure; names of secrets count only in bodies and headers, because they may be labels elsewhere', () => {
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
])('the address %s is shortened to one without credentials', (given, expected) => {
  expect(bareAddress(given)).toBe(expected);
});

describe('a known secret in the notations that programs use', () => {
  const SECRET = 'pa/ss+Wörd&"7f3a<x';
  const { text: redacted } = createRedactor({ API_SECRET: SECRET, SHORT_KEY: 'ab3d5f' });
  const bytes = Buffer.from(SECRET);
  const url = encodeURIComponent(SECRET);
  const forms: Record<string, string> = {
    'in capitals': SECRET.toUpperCase(),
    'in an address': url,
    'in an address, in lower case': url.toLowerCase(),
    'in an address, encoded twice': encodeURIComponent(url),
    'in a form': new URLSearchParams({ a: SECRET }).toString().slice(2),
    'in JSON': JSON.stringify(SECRET).slice(1, -1),
    "in Go's JSON": JSON.stringify(SECRET).slice(1, -1).replace('&', '\\u0026').replace('<', '\\u003c'),
    'in HTML': SECRET.replace('&', '&amp;').replace('"', '&quot;').replace('<', '&lt;'),
    'in Markdown': SECRET.replaceAll(/[&<+]/g, '\\$&'),
    'in hexadecimal': bytes.toString('hex'),
    'in Base64': bytes.toString('base64'),
    'in Base64 for addresses': bytes.toString('base64url'),
  };
  test.each(Object.entries(forms))('%s', (_, form) => {
    expect(redacted(`seen ${form}.`)).toBe('seen [redacted].');
  });

  test.each([0, 1, 2, 3, 4, 5])('in Base64, after %i other bytes', (before) => {
    for (const secret of [SECRET, 'ab3d5f'])
      for (const encoding of ['base64', 'base64url'] as const) {
        const whole = Buffer.from(`${'u'.repeat(before)}${secret}:rest of it`).toString(encoding);
        const left = redacted(whole);
        expect(left).toContain('[redacted]');
        const kept = left.split('[redacted]').map((part) => Buffer.from(part, 'base64').toString('latin1'));
        expect(kept.join(' ')).not.toContain(secret.slice(0, 3));
      }
  });

  test('is not confused with similar words', () => {
    const plain = 'password pass/word ab3d5 616233643566 is not it: ab3d5e';
    expect(createRedactor({ API_SECRET: SECRET }).text(plain)).toBe(plain);
  });
});

test('is recognised by its name anywhere in data that the user wrote', () => {
  const { theirData } = createRedactor({});
  expect(
    theirData({
      description: 'log in with password: hunter2',
      service: { selector: { job: 'x', api_key: 'k3y' }, warmUp: { bodies: [{ password: 'x', pin: 12 }] } },
      alerting: { token: 123456 },
    }),
  ).toEqual({
    description: 'log in with password: [redacted]',
    service: {
      selector: { job: 'x', api_key: '[redacted]' },
      warmUp: { bodies: [{ password: '[redacted]', pin: 12 }] },
    },
    alerting: { token: '[redacted]' },
  });
});

test('in our own data, quoted texts are redacted like logs, and selectors keep their labels', () => {
  expect(
    data({
      readings: [
        { selector: 'x{token="input"}', error: 'status 500: password=hunter2', warnings: ['api_key: abc'] },
      ],
      sla: { name: 'x' },
      title: 'secret: abc',
      incidents: ['the service died: token=abc'],
    }),
  ).toEqual({
    readings: [
      {
        selector: 'x{token="input"}',
        error: 'status 500: password=[redacted]',
        warnings: ['api_key: [redacted]'],
      },
    ],
    sla: { name: 'x' },
    title: 'secret: [redacted]',
    incidents: ['the service died: token=[redacted]'],
  });
});
