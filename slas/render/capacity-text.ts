import type { CapacityRecord, StepRecord } from '../capacity/record.ts';
import type { CapacityResult } from '../capacity/result.ts';
import {
  answerInWords,
  assumptions,
  bentInWords,
  commandOf,
  growthInWords,
  littleInWords,
  NOTHING_BENT,
  PATCH_FILE,
  podInWords,
  rate,
  stepInWords,
} from './capacity.ts';
import { basisInWords } from './capacity-basis.ts';
import { type Searched, scalingInWords } from './capacity-by.ts';
import { kneeInWords, uslInWords } from './capacity-model.ts';
import { cautionInWords, INDEPENDENT, independentOf } from './capacity-width.ts';
import { formatCount, formatValue } from './numbers.ts';
import { changeInWords, regressionInWords, trafficDetails, trafficInWords } from './traffic.ts';

/** A capacity report for the terminal, and as Markdown. */

const p95Of = ({ figures }: StepRecord) => figures?.client?.p95Seconds ?? null;
const orDash = (value: number | null, words: (one: number) => string) =>
  value === null ? '–' : words(value);

export function capacityMarkdown(record: CapacityRecord, result: CapacityResult): string {
  const [first, second] = answerInWords(record, result);
  const caution = cautionInWords(record, result);
  const also = alsoInWords(record, result);
  const rows = record.steps.map((step) =>
    [
      step.kind === 'hold' ? '**hold**' : 'step',
      rate(step.ratePerSecond),
      stepInWords(step),
      orDash(step.figures?.client?.successesPerSecond ?? null, (one) => rate(Number(one.toPrecision(4)))),
      orDash(p95Of(step), (one) => formatValue(Number(one.toPrecision(3)), 'seconds')),
      `${Math.round(step.loadedSeconds)} s`,
      orDash(independentOf(step), (one) => formatCount(Math.round(one))),
    ].join(' | '),
  );
  const list = (items: readonly string[], none: string) =>
    (items.length === 0 ? [none] : items).map((one) => `- ${one}`);
  return [
    `# Capacity of ${record.sla}, scenario ${record.asked.scenario}`,
    '',
    `**${first}** ${second}`,
    ...also.flatMap((one) => ['', one]),
    ...(caution === null ? [] : ['', caution]),
    '',
    '## Bottlenecks',
    '',
    ...list(bentInWords(result), NOTHING_BENT),
    '',
    '## How it scales',
    '',
    ...list([...uslInWords(result.usl), kneeInWords(result)], ''),
    ...list(littleInWords(result), "every step that was met obeys Little's law"),
    '',
    ...section('## Growth of the traffic', list(trafficDetails(result, record.settings.confidence), '')),
    ...section('## Earlier searches', list(earlierLines(result), '')),
    '## Kubernetes',
    '',
    ...(result.pod.ok ? [`\`${PATCH_FILE}\` sets what one pod needs for the proven rate:`, ''] : []),
    ...list(podInWords(result), ''),
    '',
    '## Steps',
    '',
    '| kind | rate | outcome | successes | p95 | loaded | independent |',
    '| --- | ---: | --- | ---: | ---: | ---: | ---: |',
    ...rows.map((row) => `| ${row} |`),
    '',
    `Independent: ${INDEPENDENT}.`,
    '',
    '## Assumptions',
    '',
    ...list(assumptions(record), ''),
    '',
    `Repeat the search with \`${commandOf(record)}\`.`,
    '',
  ].join('\n');
}

const section = (title: string, lines: readonly string[]) =>
  lines.join('') === '- ' ? [] : [title, '', ...lines, ''];

const earlierLines = ({ earlier }: CapacityResult) =>
  earlier.map((one) => {
    const { id, commit, provenPerSecond, refutedPerSecond } = one;
    const missed = refutedPerSecond === null ? '' : `, missed at ${rate(refutedPerSecond)}`;
    return `${id}${commit === undefined ? '' : ` (commit ${commit.slice(0, 9)})`}: proven ${rate(provenPerSecond)}${missed}; ${changeInWords(one)}`;
  });

/** The sentences that follow the answer. */
const alsoInWords = (record: CapacityRecord, result: CapacityResult): readonly string[] =>
  [
    basisInWords(record, result),
    growthInWords(record, result),
    trafficInWords(record, result),
    regressionInWords(result),
  ].filter((one) => one !== null);

/** The replicas for a target rate, if replicas were measured, and one line for each of several searches. */
export function variantsText(searched: readonly Searched[]): string {
  const lines = searched.map(({ record, result }) => {
    const { variant } = record.asked;
    return `${variant?.name}=${variant?.value}: ${answerInWords(record, result)[0]}`;
  });
  const scaling = scalingInWords(searched);
  return `${[...(scaling === null ? [] : [scaling]), ...lines].join('\n')}\n`;
}

export function capacityText(record: CapacityRecord, result: CapacityResult): string {
  const [first, second] = answerInWords(record, result);
  const bent = bentInWords(result);
  const caution = cautionInWords(record, result);
  const lines = [first, second, ...alsoInWords(record, result), ...(caution === null ? [] : [caution])];
  return `${[...lines, `First bottleneck: ${bent[0] ?? NOTHING_BENT}.`].join('\n')}\n`;
}
