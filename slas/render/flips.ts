import type { FlipPoint, Verdict } from '../model/model.ts';
import { formatValue } from './numbers.ts';

/** What would change a verdict, in words, one line for each objective. */
export function flipsInWords({ flips = [] }: Pick<Verdict, 'flips'>): readonly string[] {
  const fixed = flips.filter(({ what }) => what === 'not-shifted').map(({ id }) => id);
  const note = `no flip point for ${fixed.join(', ')}: only latencies that the client record decides, and decided failure rates, have one`;
  return [...flips.flatMap(lineOf), ...(fixed.length === 0 ? [] : [note])];
}

function lineOf(flip: FlipPoint): string[] {
  if (flip.what === 'not-shifted') return [];
  const { id, what, from, undecidedAt, otherAt } = flip;
  const at = (value: number) =>
    what === 'slower' ? `${factor(value)} times as long` : `${formatValue(value, 'ratio')}`;
  const other = from === 'met' ? 'missed' : 'met';
  if (undecidedAt === null) return [`${id}: ${from} ${NEVER[what]}`];
  // Without a confidence, there is nothing between met and missed.
  const isObserved = undecidedAt === otherAt;
  const begins = what === 'slower' ? 'if responses took' : 'if the share of failed requests were';
  if (isObserved) return [`${id}: would be ${other} ${begins} ${at(undecidedAt)}`];
  const then = otherAt === null ? `never ${other}` : `${other} at ${at(otherAt)}`;
  return [`${id}: would be undecided ${begins} ${at(undecidedAt)}, ${then}`];
}

const NEVER = {
  slower: 'even if responses took between 0.001 and 1,000 times as long',
  'more-failed': 'at any share of failed requests',
} as const;

const factor = (value: number) => String(Number(value.toPrecision(3)));
