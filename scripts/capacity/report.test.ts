import { describe, expect, test } from 'vitest';
import { renderCapacity } from '../../dashboards/report/capacity.ts';
import { renderVariants } from '../../dashboards/report/capacity-by.ts';
import type { CapacityRecord, StepRecord } from '../../slas/capacity/record.ts';
import { resultOf } from '../../slas/capacity/result.ts';
import {
  answerInWords,
  bentInWords,
  commandOf,
  growthInWords,
  podInWords,
} from '../../slas/render/capacity.ts';
import { notesOf, rowsOf, type Searched, variantsMarkdown } from '../../slas/render/capacity-by.ts';
import { capacityMarkdown, capacityText, variantsText } from '../../slas/render/capacity-text.ts';
import { cautionInWords } from '../../slas/render/capacity-width.ts';
import { seeded } from '../../slas/simulation/queues.ts';
import { recordOf, stepOf } from './test-record.ts';

/** The reports of a search, rendered from its record. */

const searched = recordOf().steps;
const held = recordOf([...searched, stepOf(425, 'met', true)]);
const result = (record: CapacityRecord) => resultOf(record, seeded(1));
const wordsOf = (record: CapacityRecord) => answerInWords(record, result(record)).join(' ');

describe('the answer', () => {
  test('is two sentences: the confirmed interval, and the number of replicas', () => {
    expect(wordsOf(held)).toBe(
      'Every objective holds at 425/s, confirmed by a hold; at 438/s an objective is missed. 1,000/s with 30% headroom needs 5 replicas, so that one of them may fail.',
    );
  });

  test('calculates no number of replicas, and writes no patch, if their number changed during the search', () => {
    const changed = recordOf(held.steps.map((step, index) => ({ ...step, replicas: index === 0 ? 2 : 4 })));
    expect(wordsOf(changed)).toContain(
      'No number of replicas is calculated for 1,000/s, because their number changed during the search (2 to 4)',
    );
    const markdown = capacityMarkdown(changed, result(changed));
    expect(markdown).toContain('The number of replicas changed during the search (2 to 4)');
    expect(podInWords(result(changed)).join()).toContain('no patch is written for k8s/');
  });

  test('is missing without a hold, and the report says how to continue', () => {
    expect(wordsOf(recordOf())).toContain('The search is not finished.');
    expect(result(recordOf()).replicas).toBeNull();
  });

  test('has a warning about a wide interval, with the reason', () => {
    const wide = recordOf([
      stepOf(60, 'undecided'),
      stepOf(120, 'missed'),
      stepOf(30),
      stepOf(30, 'met', true),
    ]);
    const caution =
      'The interval is wide (75% of 120/s): 1 run in it was undecided. A larger --budget with a longer --hold';
    expect(cautionInWords(wide, result(wide))).toContain(caution);
    expect(capacityText(wide, result(wide))).toContain(caution);
    expect(cautionInWords(held, result(held))).toBeNull();
  });

  test('of a wide interval names the estimated limit, and says that it is not confirmed', () => {
    const nearOf = (used: number) => ({ near: { used, budget: 0.05, independent: 400, seconds: 120 } });
    const steps = [
      { ...stepOf(60, 'undecided'), ...nearOf(1) },
      { ...stepOf(66, 'missed'), ...nearOf(5) },
      stepOf(30, 'met', true),
    ];
    const wide = recordOf(steps);
    const words = cautionInWords(wide, result(wide));
    expect(words).toMatch(
      /suggest that the highest rate is about 6[0-2]\/s; this is an estimate, which no hold confirmed\./,
    );
    const unknown = recordOf([stepOf(60, 'undecided'), stepOf(66, 'missed'), stepOf(30, 'met', true)]);
    expect(cautionInWords(unknown, result(unknown))).not.toContain('suggest');
    // An estimate outside the interval would contradict it.
    const outside = recordOf([
      { ...stepOf(60, 'undecided'), ...nearOf(0.05) },
      { ...stepOf(66, 'missed'), ...nearOf(0.5) },
      stepOf(30, 'met', true),
    ]);
    expect(cautionInWords(outside, result(outside))).not.toContain('suggest');
    // About 104/s, which would be rounded to 100/s.
    const rounded = recordOf([
      { ...stepOf(104, 'undecided'), ...nearOf(1) },
      stepOf(118, 'missed'),
      stepOf(102, 'met', true),
    ]);
    expect(cautionInWords(rounded, result(rounded))).toContain('The interval is wide');
    expect(cautionInWords(rounded, result(rounded))).not.toContain('suggest');
  });

  test('claims no rate that no hold confirmed', () => {
    const failed = [425, 408, 375, 319].map((rate) => stepOf(rate, 'missed', true));
    const words = wordsOf(recordOf([...searched, ...failed]));
    expect(words).toContain('There is no answer: no rate was confirmed: every hold was missed or undecided');
    expect(words).not.toContain('holds at');
  });

  test('does not say that nothing was decided if a rate was missed', () => {
    const refused = (...steps: StepRecord[]) =>
      answerInWords(recordOf(steps), {
        ...result(held),
        answer: { ok: false, code: 'undecided', refutedPerSecond: steps.length === 0 ? null : 50 },
      })[0];
    expect(refused()).toContain('There is no answer: no rate was decided: every step');
    expect(refused(stepOf(50, 'missed'))).toBe(
      'There is no answer: no rate below the missed ones was decided: each step had too few requests or was too close to the limit, or a check did not hold (missed at 50/s).',
    );
  });

  test('says so if the load generator is the limit', () => {
    const late = [
      stepOf(50),
      stepOf(100),
      stepOf(104, 'invalid'),
      stepOf(104, 'invalid'),
      stepOf(100, 'met', true),
    ];
    expect(wordsOf(recordOf(late))).toContain(
      'Every objective holds at 100/s, confirmed by a hold; no upper bound was found, because the load generator, not the service, is the limit.',
    );
  });
});

test.each([
  [
    250,
    'A weekly peak of 250/s may grow by 19% with 30% headroom, by 70% up to the proven rate, and an objective is missed at 75% more',
  ],
  [
    400,
    'A weekly peak of 400/s already uses part of the 30% headroom; it may grow by 6.3% up to the proven rate',
  ],
  [500, 'A weekly peak of 500/s is above the proven rate: there is no room for growth.'],
])('the report says how much a weekly peak of %d/s may grow', (weeklyPeakPerSecond, words) => {
  const record = { ...held, asked: { ...held.asked, weeklyPeakPerSecond } };
  expect(growthInWords(record, result(record))).toContain(words);
  expect(capacityText(record, result(record))).toContain(words);
  const unconfirmed = { ...record, steps: searched };
  expect(growthInWords(unconfirmed, result(unconfirmed))).toBeNull();
});

test('bottlenecks are listed in order, with their evidence', () => {
  const [first, second, third] = bentInWords(result(held));
  expect(first).toBe('CPU of the service, at 400/s: 1.84 cores of 2 cores in use');
  expect([second, third].join()).toContain('queue of the service, at 438/s: 180, where lower rates predict');
});

test('a CPU limit that pauses the service is reported with the share of paused periods, and bounds its CPU', () => {
  const limited = recordOf(
    held.steps.map((step) => ({
      ...step,
      figures: {
        ...step.figures!,
        cpuLimitCores: 1.9,
        resources: [
          ...step.figures!.resources,
          { name: 'throttling', value: step.ratePerSecond < 300 ? 0 : 0.31 },
        ],
      },
    })),
  );
  const words = bentInWords(result(limited));
  expect(words[0]).toContain('pauses the service), at 400/s: 31%, where lower rates predict 0%');
  expect(words[1]).toBe('CPU of the service, at 400/s: 1.84 cores of 1.9 cores in use');
});

test('the HTML report contains the answer, the plots and every step, but no script', () => {
  const page = renderCapacity(held, result(held));
  expect(page).toContain('Every objective holds at');
  expect(page).toContain('class="band"');
  expect(page.match(/<tr>/g)).toHaveLength(held.steps.length + 1);
  expect(page).not.toContain('<script');
  expect(page).not.toContain('NaN');
  expect(page).not.toContain('undefined');
});

test('a record without a measured step still gives a report', () => {
  const { steps: _, ...rest } = recordOf();
  const nothing = { ...stepOf(25, 'invalid'), run: null, figures: null };
  const empty: CapacityRecord = { ...rest, steps: [nothing] };
  const page = renderCapacity(empty, result(empty));
  expect(page).toContain('Nothing was measured.');
  expect(page).not.toContain('NaN');
});

test('the report gives the resources of a pod, or says why there is no patch for Kubernetes', () => {
  expect(podInWords(result(held))).toEqual([
    'requests: 1950m CPU, which the proven rate used, and 576Mi memory, the peak of all steps',
    'limits: 2000m CPU, which the service could use in the search, and 832Mi memory, 1.5 times the peak (both rounded up to a multiple of 64Mi)',
    'autoscaler: 2 to 5 replicas, at a mean of 916m CPU each',
  ]);
  expect(capacityMarkdown(held, result(held))).toContain('`k8s-patch.yaml` sets');
  const unconfirmed = capacityMarkdown(recordOf(), result(recordOf()));
  expect(unconfirmed).toContain('- no patch is written for k8s/: no rate was confirmed by a hold');
  expect(unconfirmed).not.toContain('k8s-patch.yaml');
});

test('the text and Markdown reports agree', () => {
  const text = capacityText(held, result(held));
  expect(text).toContain('First bottleneck: CPU of the service, at 400/s');
  const markdown = capacityMarkdown(held, result(held));
  expect(markdown).toContain('**Every objective holds at 425/s');
  expect(markdown).toContain('| **hold** | 425/s | met |');
  expect(markdown).toContain(
    '`./sla capacity --scenario steady --target-rate 1000/s --headroom 30% --budget 900s`',
  );
});

describe('several searches in one report', () => {
  const variant = (name: string, value: string, perSecond: number): Searched => {
    const steps = [stepOf(perSecond), stepOf(perSecond * 1.04, 'missed'), stepOf(perSecond, 'met', true)];
    const record = { ...recordOf(steps), asked: { ...held.asked, variant: { name, value } } };
    return { record, result: result(record) };
  };
  const { asked } = recordOf();
  const failed: Searched = (() => {
    const record = {
      ...recordOf([stepOf(25, 'missed'), stepOf(16.5, 'missed')]),
      asked: { ...asked, variant: { name: 'BATCH_SIZE', value: '32' } },
    };
    return { record, result: result(record) };
  })();

  test('show texts per second if a request has several texts, and mark a search without an answer', () => {
    const searched = [variant('BATCH_SIZE', '1', 400), variant('BATCH_SIZE', '8', 100), failed];
    const markdown = variantsMarkdown(searched);
    expect(markdown).toContain('| BATCH_SIZE | proven | missed | proven × BATCH_SIZE |');
    expect(markdown).toContain('| 8 | 100/s | 104/s | 800/s |');
    expect(markdown).toContain('| 32 | – | 16.5/s | – |');
    expect(markdown).not.toContain('linear');
    const page = renderVariants(searched);
    expect(page.match(/<tr>/g)).toHaveLength(4);
    expect(page).toContain('class="verdict warn"');
    expect(page).not.toMatch(/NaN|undefined|<script/);
  });

  test('name the searches that did not end', () => {
    const searched = [variant('BATCH_SIZE', '1', 400), variant('BATCH_SIZE', '8', 100)];
    const words = 'Not compared: BATCH_SIZE=32, because that search did not end.';
    expect(variantsMarkdown(searched, ['32'])).toContain(words);
    expect(renderVariants(searched, ['32'])).toContain(words);
    expect(variantsMarkdown(searched)).not.toContain('Not compared');
  });

  test('numbers of workers are compared with linear scaling', () => {
    const searched = [variant('SERVICE_WORKERS', '1', 100), variant('SERVICE_WORKERS', '2', 150)];
    expect(rowsOf(searched).map(({ scaling }) => scaling)).toEqual([1, 0.75]);
    expect(variantsMarkdown(searched)).toContain('| 2 | 150/s | 156/s | 75% |');
    expect(renderVariants(searched)).toContain('class="verdict good"');
  });

  test('replicas are compared with linear scaling, and the target rate needs replicas by what was measured', () => {
    const of = (replicas: string, perSecond: number): Searched => {
      const { record } = variant('replicas', replicas, perSecond);
      const asked = { ...record.asked, targetPerSecond: 250 };
      return { record: { ...record, asked }, result: result({ ...record, asked }) };
    };
    const searched = [of('1', 100), of('2', 160)];
    const words =
      '250/s with 30% headroom needs more than 4 replicas, twice as many as were measured, and nothing is predicted for more: measure more with --replicas.';
    expect(variantsText(searched).split('\n')[0]).toBe(words);
    expect(variantsMarkdown(searched)).toContain('| 2 | 160/s | 166.4/s | 80% |');
    expect(renderVariants(searched)).toContain('twice as many as were measured');
    const four = [...searched, of('4', 300)];
    expect(variantsText(four)).toContain(
      '250/s with 30% headroom needs 6 replicas by the measured scaling, so that one of them may fail. More must run than were measured: each further one is assumed to add 66.8/s.',
    );
    expect(variantsText(four)).toContain('\nreplicas=2: Every objective holds at 160/s');
    expect(notesOf(four).join(' ')).toContain('They shared 2 cores with the load generator.');
    expect(variantsText([variant('SERVICE_WORKERS', '1', 400)])).not.toContain('replicas by');
  });

  test('the command that repeats a search of replicas names their number and their workers', () => {
    const { record } = variant('replicas', '2', 400);
    const asked = { ...record.asked, workersEach: '1' };
    expect(commandOf({ ...record, asked })).toMatch(/^SERVICE_WORKERS=1 \.\/sla capacity .* --replicas 2 /);
  });

  test('values that are not numbers are listed without a plot', () => {
    const searched = [variant('MODE', 'fast', 100), variant('MODE', 'slow', 50)];
    expect(renderVariants(searched)).not.toContain('of-scatter"');
    expect(variantsMarkdown(searched)).toContain('| MODE | proven | missed |');
  });
});
