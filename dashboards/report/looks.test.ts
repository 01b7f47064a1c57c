import { expect, test } from 'vitest';
import { judge } from '../../slas/judge/judge.ts';
import type { LookVerdict, ObjectiveOutcome, Plan, Verdict } from '../../slas/model/model.ts';
import { scheduleLooks } from '../../slas/statistics/sequential.ts';
import { healthy } from '../../slas/testing/cases.ts';
import { looks } from './looks.ts';

/** The section that shows how the bounds narrowed towards the limit, look by look. */

const { plan, run, evidence } = healthy();
const verdict = judge(plan, run, evidence);
const schedule = scheduleLooks(600, 0.95);
const planned: Plan = { ...plan, sequential: schedule };

const lookAt = (
  atSeconds: number,
  low: number,
  high: number,
  outcome: ObjectiveOutcome = 'undecided',
): LookVerdict => ({
  ...{ atSeconds, confidence: 0.999, verdict: 'inconclusive' },
  objectives: [
    {
      ...{ id: 'latency-p95', verdict: outcome, share: (low + high) / 2, value: 0.1 },
      interval: { low, high, confidence: 0.999 },
    },
    { id: 'model-uptime', verdict: 'undecided', share: 1, value: 1, interval: null },
  ],
});

const drawnOf = (all: readonly LookVerdict[], decidedAtSeconds: number | null, own: Plan = planned) => {
  const sequential = { maxSeconds: 600, atLeastSeconds: 100, decidedAtSeconds, looks: all };
  const judged: Verdict = { ...verdict, sequential };
  return looks(judged, own).markup;
};
const closing = [lookAt(68, 0.8, 0.99), lookAt(101, 0.9, 0.985), lookAt(152, 0.955, 0.98, 'met')];
const numbersOf = (markup: string, name: string) =>
  [...markup.matchAll(new RegExp(` ${name}="([^"]+)"`, 'g'))].map(([, value]) => Number(value));

test('a verdict without interim looks has no section for them', () => {
  expect(looks(verdict, plan).markup).toBe('');
});

test('each objective with bounds has one plot, with one bar per look, and others have none', () => {
  const markup = drawnOf(closing, 152);
  expect(markup.match(/<figure/g)).toHaveLength(1);
  expect(markup.match(/<g class="look undecided">/g)).toHaveLength(2);
  expect(markup.match(/<g class="look met">/g)).toHaveLength(1);
  expect(markup).not.toContain('model-uptime');
});

test('bars are drawn on the correct side of the limit: the last look’s bar is entirely above it', () => {
  const markup = drawnOf(closing, 152);
  expect(markup).toContain('95% needed');
  const limit = Number(/y1="([\d.]+)"[^>]*stroke-dasharray="6 4"/.exec(markup)![1]);
  const bars = [
    ...markup.matchAll(/<g class="look \w+"><line x1="([\d.]+)" y1="([\d.]+)" x2="[\d.]+" y2="([\d.]+)"/g),
  ];
  const ends = bars.map(([, , low, high]) => [Number(low) > limit, Number(high) > limit]);
  // On the screen, larger values are further down.
  expect(ends).toEqual([
    [true, false],
    [true, false],
    [false, false],
  ]);
  const xs = bars.map(([, x]) => Number(x));
  expect(xs).toEqual(xs.toSorted((a, b) => a - b));
});

test('the limit and the outermost bounds are written next to the plot, unless they would overlap', () => {
  const written = (markup: string) =>
    [...markup.matchAll(/<text class="(near|far)"[^>]*text-anchor="end"[^>]*>([^<]+)</g)].map(
      ([, kind, text]) => [kind, text],
    );
  expect(written(drawnOf(closing, null))).toEqual([
    ['near', '95% needed'],
    ['far', '80%'],
    ['far', '99%'],
  ]);
  expect(written(drawnOf([lookAt(68, 0.5, 0.955)], null))).toEqual([
    ['near', '95% needed'],
    ['far', '50%'],
  ]);
});

test('the look that decided is marked, in the drawing, in words and in the table', () => {
  const markup = drawnOf(closing, 152);
  expect(markup).toContain('>decided</text>');
  expect(markup).toContain('152 s (decided)');
  expect(markup).toMatch(
    /aria-label="latency-p95: 95% needed; after 68 s .*after 152 s 95.5–98%, met, decided the run"/,
  );
  expect(markup).toContain('Decided after 152');
  expect(drawnOf(closing, null)).not.toContain('decided</text>');
});

test('nothing is drawn outside the picture', () => {
  for (const all of [closing, [lookAt(20, 0, 1)], [lookAt(68, 0.95, 0.95)]]) {
    const markup = drawnOf(all, null);
    const xs = ['x1', 'x2', 'cx', 'x'].flatMap((name) => numbersOf(markup, name));
    const ys = ['y1', 'y2', 'cy', 'y'].flatMap((name) => numbersOf(markup, name));
    expect(xs.length).toBeGreaterThan(4);
    expect([...xs, ...ys].filter((value) => !(value >= 0))).toEqual([]);
    expect(Math.max(...xs)).toBeLessThanOrEqual(520);
    expect(Math.max(...ys)).toBeLessThanOrEqual(170);
  }
});

test('all colours follow the colour scheme of the page', () => {
  const markup = drawnOf(closing, 152);
  const colours = [...markup.matchAll(/ (?:stroke|fill)="([^"]+)"/g)].map(([, colour]) => colour!);
  expect(colours.filter((colour) => !/^(var\(--[a-z0-9]+\)|none)$/.test(colour))).toEqual([]);
});

test('text of the document is escaped', () => {
  const evil = '<script>alert(1)</script>';
  const own: Plan = {
    ...planned,
    objectives: planned.objectives.map((one) => ({
      ...one,
      measure: { ...one.measure, kind: 'ratio' } as typeof one.measure,
      target: { ...one.target, text: `< ${evil}` },
    })),
  };
  expect(drawnOf(closing, 152, own)).not.toContain('<script>');
});
