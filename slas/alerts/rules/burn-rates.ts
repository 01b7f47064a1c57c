import type { Objective } from '../../model/model.ts';
import { alertOf, budgetOfObjective, isShare, recorded, recordedSeries, titleAt } from './objectives.ts';
import { promDuration } from './promql.ts';
import { DEFAULT_WINDOW_SECONDS, type Rule, type RuleContext, runbookOf } from './rule.ts';

/**
 * Multi-window burn rates (https://sre.google/workbook/alerting-on-slos/): how fast the error budget of 30 days is being spent. Both
 * windows must exceed the rate: the long one shows that the burn is significant, the short one that it continues.
 */
interface Burn {
  readonly longSeconds: number;
  readonly shortSeconds: number;
  /** Multiples of the rate that would spend the budget in exactly 30 days. */
  readonly factor: number;
}

const HOUR = 3600;
const FAST: readonly Burn[] = [
  { longSeconds: HOUR, shortSeconds: HOUR / 12, factor: 14.4 },
  { longSeconds: 6 * HOUR, shortSeconds: HOUR / 2, factor: 6 },
];
const SLOW: readonly Burn[] = [
  { longSeconds: 24 * HOUR, shortSeconds: 2 * HOUR, factor: 3 },
  { longSeconds: 72 * HOUR, shortSeconds: 6 * HOUR, factor: 1 },
];

/**
 * For objectives judged as a share: recording rules for each window, an alert for a fast burn and one for a
 * slow burn.
 */
export function burnRules(objective: Objective, context: RuleContext): readonly Rule[] {
  if (!isShare(objective.measure)) return [];
  const budget = budgetOfObjective(objective, 'target');
  const scale = context.windowSeconds / DEFAULT_WINDOW_SECONDS;
  const scaled = (burns: readonly Burn[]) =>
    burns
      // The bad share cannot exceed 1: with a budget of 5%, a burn rate of 14 is possible, one of 20 is not.
      .filter(({ factor }) => factor * budget < 1)
      .map((burn) => ({
        ...burn,
        longSeconds: burn.longSeconds * scale,
        shortSeconds: burn.shortSeconds * scale,
      }));
  const [fast, slow] = [scaled(FAST), scaled(SLOW)];
  const windows = [...fast, ...slow].flatMap(({ longSeconds, shortSeconds }) => [shortSeconds, longSeconds]);
  const own = [...new Set(windows)].filter((seconds) => seconds !== context.windowSeconds);
  return [
    ...own.sort((a, b) => a - b).map((seconds) => recorded(objective, 'target', context, seconds)),
    ...(fast.length === 0 ? [] : [burnAlert(objective, 'Fast', fast, context)]),
    ...(slow.length === 0 ? [] : [burnAlert(objective, 'Slow', slow, context)]),
  ];
}

function burnAlert(
  objective: Objective,
  speed: 'Fast' | 'Slow',
  burns: readonly Burn[],
  context: RuleContext,
): Rule {
  const { name, severity } = alertOf(objective, context.document);
  const budget = budgetOfObjective(objective, 'target');
  const burnsOver = (seconds: number, factor: number) =>
    `${recordedSeries(objective, 'target', context, seconds)} > ${Number((factor * budget).toFixed(9))}`;
  const pairs = burns.map(
    ({ longSeconds, shortSeconds, factor }) =>
      `(${burnsOver(longSeconds, factor)} and ${burnsOver(shortSeconds, factor)})`,
  );
  const rates = burns.map(({ factor, longSeconds }) => `above ${factor} over ${promDuration(longSeconds)}`);
  return {
    alert: `${name}${speed}Burn`,
    expr: pairs.join(' or '),
    labels: { severity: speed === 'Fast' ? severity : 'warning', burn: speed.toLowerCase() },
    annotations: {
      summary: `${titleAt(objective, 'target', context)}: burn rate of the 30-day error budget ${rates.join(' or ')} ({{ $value | humanizePercentage }} bad)`,
      ...runbookOf(context.document, name),
    },
  };
}
