import { describe, expect, test } from 'vitest';
import { printable, printableJson, printableLine, printableOutput } from './printable.ts';

const HOSTILE = {
  'a title of the window': '\u001b]0;owned\u0007',
  'a cleared screen': '\u001b[2J',
  'an 8-bit control sequence': '\u009b2J',
  'a carriage return that overwrites the line': 'FAIL\rPASS',
  'a backspace': 'FAIL\b\b\b\bPASS',
  DEL: '\u007f',
  'a direction override': 'ssap\u202e',
  'a direction isolate': '\u2066x\u2069',
  'an invisible character': 'a\u200bb',
  'a line separator': 'a\u2028b',
  'tag characters': 'a\u{e0041}b',
  'a lone surrogate': 'a\ud800b',
};

/** Any of the characters above, including one half of a surrogate pair. */
const HARMFUL_CODES = [
  0x07, 0x08, 0x0d, 0x1b, 0x7f, 0x9b, 0x200b, 0x2028, 0x202e, 0x2066, 0x2069, 0xe0041, 0xd800,
];
const harmfulIn = (text: string) => [...text].filter((sign) => HARMFUL_CODES.includes(sign.codePointAt(0)!));

describe('control sequences for terminals are replaced', () => {
  test.each(Object.entries(HOSTILE))('%s', (_, text) => {
    for (const shown of [printable(text), printableLine(text), printableOutput(text, true)])
      expect(harmfulIn(shown)).toEqual([]);
  });

  test('other text is unchanged', () => {
    const text = '≈ 200 ms\tüber 95%, 👍🏽, 日本語, עברית\nnext';
    expect(printable(text)).toBe(text);
    expect(printableOutput(text, false)).toBe(text);
  });

  test('our own styles are kept where they are allowed; all other sequences are replaced', () => {
    const text = '\u001b[32mmet\u001b[0m \u001b[8mhidden\u001b[0m';
    expect(printableOutput(text, true)).toBe('\u001b[32mmet\u001b[0m \ufffd[8mhidden\u001b[0m');
    expect(printableOutput(text, false)).not.toContain('\u001b');
  });
});

describe('commands for CI servers are replaced', () => {
  test.each([
    '::error::x',
    '  ::add-mask::x',
    'a\n::set-output name=x::y',
    '##[error]x',
    'a ##vso[task.complete]',
    "##teamcity[testFailed name='x']",
  ])('%s', (text) => {
    const shown = printableOutput(text, false);
    expect(shown).not.toMatch(/^\s*::|##\w*\[/m);
  });

  test('an IPv6 address within a line is kept', () => {
    expect(printableOutput('http://[::1]:9090 did not respond', false)).toBe(
      'http://[::1]:9090 did not respond',
    );
  });
});

test('a text that must be one line stays one line', () => {
  expect(printableLine('bad gateway\n\n  PASS all met')).toBe('bad gateway PASS all met');
});

test.each(Object.entries({ ...HOSTILE, 'a command': '##[error]' }))(
  'JSON keeps the data of %s',
  (_, text) => {
    const json = printableJson(JSON.stringify({ text }, null, 2));
    expect(harmfulIn(json)).toEqual([]);
    expect(printableOutput(json, false)).toBe(json);
    expect(JSON.parse(json)).toEqual({ text });
  },
);
