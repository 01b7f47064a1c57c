import type { CapacityRecord, StepRecord } from '../capacity/record.ts';
import type { CapacityResult } from '../capacity/result.ts';
import {
  answerInWords,
  assumptions,
  bentInWords,
  cautionInWords,
  commandOf,
  growthInWords,
  kneeInWords,
  littleInWords,
  NOTHING_BENT,
  PATCH_FILE,
  podInWords,
  rate,
  stepInWords,
  uslInWords,
} from './capacity.ts';
import type { Searched } from './capacity-by.ts';
import { formatValue } from './numbers.ts';

/** A capacity report for the terminal, and as Markdown. */

const p95Of = ({ figures }: StepRecord) => figures?.client?.p95Seconds ?? null;
const orDash = (value: number | null, words: (one: number) => string) =>
  value === null ? '–' : words(value);

export function capacityMarkdown(record: CapacityRecord, result: CapacityResult): string {
  const [first, second] = answerInWords(record, result);
  const caution = cautionInWords(record, result);
  const growth = growthInWords(record, result);
  const rows = record.steps.map((step) =>
    [
      step.kind === 'hold' ? '**hold**' : 'step',
      rate(step.ratePerSecond),
      stepInWords(step),
      orDash(step.figures?.client?.successesPerSecond ?? null, (one) => rate(Number(one.toPrecision(4)))),
      orDash(p95Of(step), (one) => formatValue(Number(one.toPrecision(3)), 'seconds')),
      `${Math.round(step.loadedSeconds)} s`,
    ].join(' | '),
  );
  const list = (items: readonly string[], none: string) =>
    (items.length === 0 ? [none] : items).map((one) => `- ${one}`);
  return [
    `# Capacity of ${record.sla}, scenario ${record.asked.scenario}`,
    '',
    `**${first}** ${second}`,
    ...(growth === null ? [] : ['', growth]),
    ...(caution === null ? [] : ['', caution]),
    '',
    '## Bottlenecks',
    '',
    ...list(bentInWords(result), NOTHING_BENT),
    '',
    '## How it scales',
    '',
    ...list([...uslInWords(result.usl), kneeInWords(result)], ''),
    ...list(littleInWords(result), "every step obeys Little's law"),
    '',
    '## Kubernetes',
    '',
    ...(result.pod.ok ? [`\`${PATCH_FILE}\` sets what one pod needs to carry the proven rate:`, ''] : []),
    ...list(podInWords(result), ''),
    '',
    '## Steps',
    '',
    '| kind | rate | outcome | successes | p95 | loaded |',
    '| --- | ---: | --- | ---: | ---: | ---: |',
    ...rows.map((row) => `| ${row} |`),
    '',
    '## Assumptions',
    '',
    ...list(assumptions(record), ''),
    '',
    `Reproduce it with \`${commandOf(record)}\`.`,
    '',
  ].join('\n');
}

/** One line for each search of several. */
export function variantsText(searched: readonly Searched[]): string {
  const lines = searched.map(({ record, result }) => {
    const { variant } = record.asked;
    return `${variant?.name}=${variant?.value}: ${answerInWords(record, result)[0]}`;
  });
  return `${lines.join('\n')}\n`;
}

export function capacityText(record: CapacityRecord, result: CapacityResult): string {
  const [first, second] = answerInWords(record, result);
  const bent = bentInWords(result);
  const caution = cautionInWords(record, result);
  const growth = growthInWords(record, result);
  return `${[first, second, ...(growth === null ? [] : [growth]), ...(caution === null ? [] : [caution]), `First bottleneck: ${bent[0] ?? NOTHING_BENT}.`].join('\n')}\n`;
}
