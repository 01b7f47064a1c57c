import type { Objective, Problem } from '../model/model.ts';
import { problem, repeated } from './problems.ts';
import type { RawDocument } from './schema.ts';

/** Waivers: who accepts that an objective is missed, why, and until when. */

const DAY_SECONDS = 86_400;

/** The end of a day in UTC, in seconds since the epoch; null if there is no such day. */
function endOfDay(date: string): number | null {
  const ms = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date) return null;
  return ms / 1000 + DAY_SECONDS;
}

export function waiverOf(
  id: string,
  waivers: NonNullable<RawDocument['waivers']>,
): Pick<Objective, 'waiver'> {
  const own = waivers.find(({ objective }) => objective === id);
  if (own === undefined) return {};
  const { owner, reason, until } = own;
  return { waiver: { owner, reason, until, endsAtSeconds: endOfDay(until)! } };
}

export function checkWaivers(
  { waivers = [], objectives }: RawDocument,
  isSound: (path: string) => boolean,
): Problem[] {
  const known = new Set(objectives.map((one) => one?.id));
  return [
    ...waivers.flatMap(({ objective, owner, reason, until }, index): Problem[] => {
      const path = `waivers[${index}]`;
      if (!isSound(path)) return [];
      const blank = Object.entries({ owner, reason }).filter(([, value]) => value.trim() === '');
      return [
        ...(known.has(objective)
          ? []
          : [
              problem(
                'unknown-objective',
                `${path}.objective`,
                `the document has no objective "${objective}"`,
              ),
            ]),
        ...blank.map(([name]) => problem('wrong-value', `${path}.${name}`, `${path}.${name} is empty`)),
        ...(endOfDay(until) === null
          ? [problem('wrong-value', `${path}.until`, `${until} is not a date of the calendar`)]
          : []),
      ];
    }),
    ...repeated(waivers.map((one) => one?.objective)).map(([id, index]) =>
      problem(
        'duplicate-id',
        `waivers[${index}].objective`,
        `objective "${id}" has two waivers: keep the one that is in force`,
      ),
    ),
  ];
}
