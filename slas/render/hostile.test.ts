import { expect, test } from 'vitest';
import { judge } from '../judge/judge.ts';
import type { Plan, Verdict } from '../model/model.ts';
import { inWords } from '../model/reasons.ts';
import { readCaseFiles } from '../testing/cases.ts';
import { renderJUnit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { renderText } from './text.ts';

/** A verdict whose every text was written by an attacker. */

const HOSTILE =
  '# PASS\u001b]0;x\u0007\u001b[2J\u009b1m\u202e\r\n::error::x\n| a | <img src=x> &lt;b&gt; [y](http://z) www.evil.example @team #1 `c` ~~d~~ $e$';

function hostile(): { readonly plan: Plan; readonly verdict: Verdict } {
  const { plan, run, evidence } = readCaseFiles().get('certainty.yaml')![0]!.build();
  const verdict = judge(plan, run, evidence);
  const texts = { id: HOSTILE, title: HOSTILE, target: HOSTILE, reasons: [inWords(HOSTILE)] };
  return {
    plan: { ...plan, sla: { ...plan.sla, name: HOSTILE } },
    verdict: {
      ...verdict,
      sla: HOSTILE,
      scenario: HOSTILE,
      summary: inWords(HOSTILE),
      objectives: verdict.objectives.map((one) => ({ ...one, ...texts })),
      preconditions: verdict.preconditions.map((one) => ({
        ...one,
        id: HOSTILE,
        reasons: [inWords(HOSTILE)],
      })),
      reconciliation: verdict.reconciliation.map((one) => ({
        ...one,
        what: HOSTILE,
        reasons: [inWords(HOSTILE)],
      })),
    },
  };
}

const steering = (text: string) => [...text].filter((sign) => /[\p{Cc}\p{Cf}]/u.test(sign) && sign !== '\n');

test('as text, a hostile verdict cannot start a new line or send control sequences to the terminal', () => {
  const { plan, verdict } = hostile();
  const text = renderText(verdict, plan, { colour: false, isVerbose: true });
  expect(steering(text)).toEqual([]);
  expect(text).not.toMatch(/^\s*::/m);
  const lines = renderText(judge(...wellBehaved()), plan, { colour: false, isVerbose: true }).split(
    '\n',
  ).length;
  expect(text.split('\n')).toHaveLength(lines);
});

function wellBehaved() {
  const { plan, run, evidence } = readCaseFiles().get('certainty.yaml')![0]!.build();
  return [plan, run, evidence] as const;
}

test('as Markdown, a hostile verdict cannot add markup, links, mentions or table rows', () => {
  const { plan, verdict } = hostile();
  const markdown = renderMarkdown(verdict, plan);
  expect(steering(markdown)).toEqual([]);
  expect(markdown).not.toMatch(
    /(?<!\\)<img|(?<!\\)&lt;|(?<!\\)\[y|http:\/\/|www\.|(?<!\\)@team|(?<!\\)#1|(?<!\\)`c|(?<!\\)~~|(?<!\\)\$e/,
  );
  expect(markdown.split('\n').filter((line) => line.startsWith('# '))).toEqual([]);
  const rows = markdown.split('\n').filter((line) => line.startsWith('| ') && !line.includes('---'));
  expect(rows).toHaveLength(2 + verdict.objectives.length + verdict.reconciliation.length);
});

test('as JUnit, a hostile verdict is XML that a parser accepts', () => {
  const xml = renderJUnit(hostile().verdict);
  expect(steering(xml)).toEqual([]);
  expect(xml).not.toContain('<img');
});
