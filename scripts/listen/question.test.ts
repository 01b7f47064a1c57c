import { describe, expect, test } from 'vitest';
import { parametersIn, parametersOf, parametersOfBoth, readQuestion } from './question.ts';

const NOW = 1_764_400_007.5;

describe('a question', () => {
  test('about the latest minutes ends on a time grid, so that a request repeated soon after gets the same window', () => {
    const asked = { window: '5m', delay: '30s' };
    const first = readQuestion(asked, NOW);
    expect(first).toEqual({
      ok: true,
      value: { fromSeconds: 1_764_399_670, toSeconds: 1_764_399_970, isLatest: true },
    });
    expect(readQuestion(asked, NOW + 2)).toEqual(first);
    expect(readQuestion(asked, NOW + 10)).not.toEqual(first);
    expect(readQuestion({ window: '5m' }, NOW)).toEqual(first);
  });

  test('about a fixed window keeps its exact edges', () => {
    const asked = { from: '2025-11-29T06:00:00Z', to: '1764396600.5', confidence: '0.95' };
    expect(readQuestion(asked, NOW)).toEqual({
      ok: true,
      value: { fromSeconds: 1_764_396_000, toSeconds: 1_764_396_600.5, confidence: 0.95 },
    });
  });

  test.each([
    [{}, 'the window is missing'],
    [{ from: '1764396000' }, 'the window is missing'],
    [{ window: '5 parsecs' }, 'window "5 parsecs" is not a valid duration'],
    [{ window: '5s' }, 'a window of 5 s cannot be judged'],
    [{ window: '25h' }, 'a window of 90000 s cannot be judged'],
    [{ window: '5m', delay: '2h' }, 'delay "2h" is not a valid duration'],
    [{ window: '5m', to: '1764396000' }, 'window=… ends now'],
    [{ from: '1764396000', to: '1764396100', delay: '5s' }, 'delay applies only to window=…'],
    [{ from: '1764396000', to: '1764395000' }, 'to is not after from'],
    [{ from: '1764396000', to: '1964395000' }, 'to is in the future'],
    [{ from: 'yesterday', to: '1764396000' }, 'from: "yesterday" is not a valid time'],
    [{ window: '5m', confidence: '0.5' }, 'confidence: "0.5" is not a valid confidence'],
  ])('%j is refused with the reason', (asked, reason) => {
    expect(readQuestion(asked, NOW)).toEqual({ ok: false, error: expect.stringContaining(reason) });
  });

  test('must not have unknown or repeated parameters in its URL', () => {
    const read = (query: string) => parametersIn(new URL(`http://verifier/verdict?${query}`));
    expect(read('window=5m&delay=10s')).toEqual({ ok: true, value: { window: '5m', delay: '10s' } });
    expect(read('windw=5m')).toEqual({ ok: false, error: expect.stringContaining('"windw"') });
    expect(read('window=5m&window=6m')).toEqual({ ok: false, error: 'window is given twice' });
  });

  test('must not have unknown parameters in the metadata of a webhook', () => {
    expect(parametersOf({ window: '5m', delay: '10s' })).toEqual({
      ok: true,
      value: { window: '5m', delay: '10s' },
    });
    expect(parametersOf(undefined)).toEqual({ ok: true, value: {} });
    // With a lower confidence than the operator's, a pass would be easier.
    for (const name of ['confidance', 'Confidence', 'delai'])
      expect(parametersOf({ window: '5m', [name]: '0.99' })).toEqual({
        ok: false,
        error: expect.stringContaining(`"metadata.${name}" is not a parameter`),
      });
    expect(parametersOf({ window: 5 })).toEqual({ ok: false, error: 'metadata.window is not a string' });
    expect(parametersOf('window')).toEqual({ ok: false, error: 'metadata is not an object' });
  });

  test('takes each parameter once, from its URL or from its metadata', () => {
    const both = { window: '5m', confidence: '0.99' };
    expect(parametersOfBoth({ window: '5m' }, { confidence: '0.99' })).toEqual({ ok: true, value: both });
    expect(parametersOfBoth({ window: '5m' }, both)).toEqual({ ok: true, value: both });
    expect(parametersOfBoth({ confidence: '0.95' }, both)).toEqual({
      ok: false,
      error: expect.stringContaining('confidence has different values in the URL and in the metadata'),
    });
  });
});
