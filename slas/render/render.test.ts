import { describe, expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import { readCaseFiles } from '../testing/cases.ts';
import { renderMarkdown } from './markdown.ts';
import { renderText } from './text.ts';

/** How the certainty of a verdict is written. */

const cases = readCaseFiles().get('certainty.yaml')!;

function rendered(name: string) {
  const { plan, run, evidence } = cases.find((one) => one.name === name)!.build();
  const verdict = judge(plan, run, evidence);
  return {
    text: renderText(verdict, plan, { colour: false, isVerbose: true }),
    coloured: renderText(verdict, plan, { colour: true, isVerbose: true }),
    markdown: renderMarkdown(verdict, plan),
  };
}

const NEAR = 'exactly at the limit, without a confidence';

test('the table has the interval, and marks what is too close to the limit', () => {
  const { text, coloured } = rendered(NEAR);
  expect(text).toMatch(/objective +target +measured +95% bounds +samples +verdict\n/);
  expect(text).toMatch(/latency-p95 +< 200ms +≈ 200 ms +93\.96–95\.91% +1,500 +met, too close to be sure\n/);
  expect(text).toMatch(/error-rate +< 1% +0% +0–0\.2\d+% +1,500 +met\n/);
  expect(text).toMatch(/throughput +> 15\/s +25\/s +24\.\d+–25\.\d+\/s +1,500 +met\n/);
  expect(text).toMatch(/model-uptime +>= 99\.9% +100% +– +61 +met\n/);
  expect(text).toMatch(/confidence +> 0\.85 +0\.924 +0\.91\d*–0\.92\d* /);
  // Colours add no text.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(text);
  expect(coloured).toContain('\u001b[32mmet, too close to be sure\u001b[0m');
});

test('Markdown also has the interval and the mark', () => {
  expect(rendered(NEAR).markdown).toContain(
    '| ≈ 200 ms | 93.96–95.91% | 1,500 | met, too close to be sure |',
  );
});

test('the deciding interval is printed if a confidence decided', () => {
  const { text, markdown } = rendered('clearly within all limits, with a higher confidence');
  expect(text).toContain('decided at 99% confidence');
  expect(text).toContain('99% bounds');
  expect(markdown).toContain('99% bounds');
  expect(rendered(NEAR).text).not.toContain('confidence\n');
});

describe('bounds that reach beyond a target that is met', () => {
  const briefly = (name: string) => {
    const { plan, run, evidence } = cases.find((one) => one.name === name)!.build();
    return renderText(judge(plan, run, evidence), plan, { colour: false, isVerbose: false });
  };
  const EXPLAINED = 'The measured values decide.';

  test('are explained below the table, with what a proof needs', () => {
    expect(briefly('far from the limit, with too few requests to prove it')).toMatch(
      /\n {2}The measured values decide\. The bounds show where the true values may lie, at 95% confidence\.\n {2}They reach beyond the target of [^\n]*: there were too few requests to prove (it|them)\. For proof, use --confidence 0\.95 and a longer run\.\n/,
    );
  });

  test('are not mentioned if they prove the target, if a confidence decides, or if the reason already mentions them', () => {
    expect(briefly('clearly within the limit')).not.toContain(EXPLAINED);
    expect(briefly('clearly within all limits, with a confidence')).not.toContain(EXPLAINED);
    expect(briefly(NEAR)).not.toContain(EXPLAINED);
  });
});
