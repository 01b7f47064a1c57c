import { type Basis, basisOf, type Exempt, isSameBasis } from '../capacity/basis.ts';
import type { CapacityRecord, StepRecord } from '../capacity/record.ts';
import type { CapacityResult } from '../capacity/result.ts';
import { reason } from '../model/reasons.ts';
import { are, formatCount, formatValue } from './numbers.ts';
import { printableLine } from './printable.ts';
import { exemptInWords } from './reasons/decision.ts';
import { wordsOf } from './reasons/words.ts';

/** The words for objectives that do not count in a search, because they are advisory or waived. */

const rate = (value: number) => formatValue(value, 'per_second');
const listed = (ids: readonly string[]) => ids.join(', ');

export const basisIn = ({ steps }: CapacityRecord, { answer }: CapacityResult): Basis | null =>
  basisOf(steps, answer);

/** What holds at the proven rate, in the words of a run's verdict. */
export function holdsInWords(basis: Basis | null): string {
  if (basis === null) return 'Every objective holds';
  return basis.decisive === 1
    ? 'The decisive objective holds'
    : `All ${formatCount(basis.decisive)} decisive objectives hold`;
}

/** What is missed at the missed rate. */
export function missInWords(basis: Basis | null): string {
  if (basis === null) return 'an objective is missed';
  return basis.expired.length === 0
    ? 'a decisive objective is missed'
    : `${listed(basis.expired)} is missed, whose waiver had expired by then`;
}

/** Ends the sentence about the proven rate. */
export const exceptInWords = (basis: Basis | null): string =>
  basis === null ? '' : `; not decisive: ${exemptInWords(basis.exempt)}`;

/** Why some objectives do not count, and what the answer says nothing about. null: every objective counts. */
export function basisInWords(record: CapacityRecord, result: CapacityResult): string | null {
  const basis = basisIn(record, result);
  if (basis === null || result.answer?.ok !== true) return null;
  const { exempt, expired } = basis;
  const missed = exempt.filter(({ verdict }) => verdict === 'missed').map(({ id }) => id);
  const each = exempt.map((one) => `${one.id} was ${one.verdict} (${whyInWords(one)})`);
  return [
    `In the hold at ${rate(result.answer.provenPerSecond)}, ${each.join('; ')}.`,
    missed.length === 0
      ? 'The proven rate, and all numbers that follow from it, rest on the decisive objectives alone.'
      : `All numbers that follow from the proven rate accept that ${listed(missed)} ${are(missed.length)} missed.`,
    ...(expired.length === 0
      ? []
      : [`${listed(expired)} counts again: search again for the highest rate at which it is met.`]),
  ].join(' ');
}

function whyInWords({ waiver }: Exempt): string {
  if (waiver === undefined) return wordsOf([reason('advisory', {})]);
  const { owner, reason: why, until } = waiver;
  return printableLine(wordsOf([reason('waived', { owner, why, until })]));
}

/** Objectives that were missed in a step without deciding it. */
export function uncountedInWords({ exempt = [] }: StepRecord): string {
  const missed = exempt.filter(({ verdict }) => verdict === 'missed');
  return missed.length === 0 ? '' : `; not decisive: ${exemptInWords(missed)}`;
}

/** Which objectives several searches rest on; empty if every objective counts in all of them. */
export function basesInWords(bases: readonly (Basis | null)[]): readonly string[] {
  const all = bases.filter((one) => one !== null);
  const [first] = bases;
  if (all.length === 0) return [];
  if (!bases.every((one) => isSameBasis(one, first!)))
    return [
      'These searches do not rest on the same objectives, because a waiver expired between them: do not compare their rates.',
    ];
  return [
    `Advisory and waived objectives do not count in these searches: ${listed(first!.exempt.map(({ id }) => id))}. Each report says whether they were missed.`,
  ];
}
