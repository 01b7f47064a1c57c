import { metrics } from '../service/metric-names.ts';
import { isNative, watchedEdge } from '../slas/document/edges.ts';
import { fromSeconds } from '../slas/document/units.ts';
import type { Objective, SlaDocument } from '../slas/model/model.ts';
import { edgeMatcher } from '../slas/prometheus/promql.ts';
import { metric } from './metrics.ts';
import { idsOf, limitsOf, measureOf, selected } from './objectives.ts';
import { isSentimentService } from './own-service-panels.ts';
import type { Panel, Query, View } from './panel.ts';
import { meanOver, minOf, minWithin, orZero, rateOf, shareOf, stepsOf, sumOf } from './promql.ts';

/** Whether the objectives are met over weeks: error budgets, burn rates and incidents. */
export const slaPanels = (sla: SlaDocument, given: View): readonly Panel[] => {
  // An objective applies to its own endpoints; with other endpoints the panel would show something else under its name.
  const view: View = { ...given, endpoint: null };
  const budgets = budgetsOf(sla, view);
  return [
    budgetLeft(budgets),
    beyondMinutes(budgets),
    burnRate(budgets, '1h', 'fast', 'Above 14, one hour spends 2% of the 30-day budget: page the operator.'),
    burnRate(budgets, '6h', 'slow', 'If it stays above 1, the budget will not last 30 days.'),
    withinTarget(budgets),
    uptime(sla, view),
    verdicts(),
  ];
};

/** An objective with an error budget: the allowed share of bad requests, and a query for the actual share over a range. */
interface Budget {
  readonly id: string;
  readonly allowed: number;
  readonly badShare: (range: string) => string;
}

const budgetsOf = (sla: SlaDocument, view: View): readonly Budget[] =>
  sla.objectives.flatMap((objective) => budgetOf(objective, sla, view));

function budgetOf({ id, measure, target }: Objective, sla: SlaDocument, view: View): Budget[] {
  if (measure.kind === 'ratio') {
    const total = (range: string) => sumOf(rateOf(selected(measure.total, view), range));
    const bad = (range: string) => orZero(sumOf(rateOf(selected(measure.bad, view), range)));
    return [{ id, allowed: target.value, badShare: (range) => shareOf(bad(range), total(range)) }];
  }
  if (measure.kind === 'success') {
    const [good, total] = [measure.good, measure.total].map(
      (one) => (range: string) => sumOf(rateOf(selected(one, view), range)),
    ) as [(range: string) => string, (range: string) => string];
    return [
      {
        id,
        allowed: Number((1 - target.value).toPrecision(6)),
        badShare: (range) => `1 - ${shareOf(good(range), total(range))}`,
      },
    ];
  }
  if (measure.kind !== 'latency' || measure.histogram === null) return [];
  const { histogram, percentile } = measure;
  const allowed = Number((1 - percentile / 100).toPrecision(6));
  if (isNative(sla.service, histogram)) {
    const limit = fromSeconds(target.value, histogram.valuesIn);
    const grown = (range: string) => sumOf(rateOf(selected(histogram, view), range));
    const badShare = (range: string) => `1 - histogram_fraction(-Inf, ${limit}, ${grown(range)})`;
    return [{ id, allowed, badShare }];
  }
  const within = {
    ...histogram,
    where: { ...histogram.where, le: edgeMatcher(watchedEdge(target, histogram, sla.service)) },
  };
  const badShare = (range: string) =>
    `1 - ${shareOf(sumOf(rateOf(selected(within, view, '_bucket'), range)), sumOf(rateOf(selected(histogram, view, '_count'), range)))}`;
  return [{ id, allowed, badShare }];
}

const spent = ({ allowed, badShare }: Budget, range: string) => `(${badShare(range)}) / ${allowed}`;

const queriesOf = (
  budgets: readonly Budget[],
  expr: (budget: Budget) => string,
  over: Query['over'] = 'time',
) => budgets.map((budget): Query => ({ expr: expr(budget), legend: budget.id, over }));

const shared = { limits: [], objectives: [], width: 12 } as const;

const budgetLeft = (budgets: readonly Budget[]): Panel => ({
  ...shared,
  id: 'budget-left',
  title: 'Error budget left of 30 days',
  unit: 'ratio',
  drawing: 'lines',
  queries: queriesOf(budgets, (budget) => `1 - (${spent(budget, '30d')})`),
  lookFor:
    'At 0, the 30-day error budget is used up; below 0, the SLA is broken. Each step down is an incident.',
  next: ['burn-rate-fast', 'beyond-minutes'],
});

const burnRate = (budgets: readonly Budget[], range: string, name: string, lookFor: string): Panel => ({
  ...shared,
  id: `burn-rate-${name}`,
  title: `Burn rate, last ${range}`,
  unit: 'count',
  drawing: 'lines',
  queries: queriesOf(budgets, (budget) => spent(budget, range)),
  lookFor: `How many times faster than allowed the service spends its error budget. ${lookFor}`,
  next: ['budget-left', 'within-target'],
});

const beyondMinutes = (budgets: readonly Budget[]): Panel => ({
  ...shared,
  id: 'beyond-minutes',
  title: 'Minutes beyond the target, last 24 h',
  unit: 'count',
  drawing: 'bars',
  queries: queriesOf(budgets, (budget) => stepsOf(`${spent(budget, '5m')} > 1`, '1d', '1m'), 'window'),
  // Even one minute beyond the target is an incident.
  steps: [
    { from: 1, colour: 'orange' },
    { from: 15, colour: 'red' },
  ],
  lookFor:
    'How long each objective missed its target. A minute counts if the 5 minutes up to it missed the target.',
  next: ['within-target', 'budget-left'],
});

const withinTarget = (budgets: readonly Budget[]): Panel => ({
  ...shared,
  id: 'within-target',
  title: 'Within the target: incidents and their recovery',
  unit: 'state',
  drawing: 'timeline',
  queries: queriesOf(budgets, (budget) => `${spent(budget, '5m')} <= bool 1`),
  lookFor: 'Each red section is an incident. Its length is the time to recovery.',
  next: ['burn-rate-fast'],
});

function uptime(sla: SlaDocument, view: View): Panel {
  const gauge = measureOf(sla, 'uptime')?.gauge;
  const isModel = isSentimentService(sla);
  const otherwise = metric(isModel ? metrics.modelLoaded.name : 'up', view.labels);
  const loaded = gauge === undefined ? otherwise : selected(gauge, view);
  return {
    ...shared,
    id: 'uptime-by-day',
    title: 'Uptime of the last day',
    unit: 'ratio',
    drawing: 'lines',
    queries: [
      {
        expr: meanOver(minOf(minWithin(loaded, '1m')), '1d', '1m'),
        legend: isModel ? 'model loaded' : 'up',
        over: 'time',
      },
    ],
    limits: limitsOf(sla, 'uptime'),
    objectives: idsOf(sla, 'uptime'),
    lookFor: `The share of minutes of the last 24 hours in which every replica ${isModel ? 'had the model loaded' : 'was up'}. A drop stays visible for 24 hours.`,
    next: ['within-target'],
  };
}

const verdicts = (): Panel => ({
  ...shared,
  id: 'verdicts',
  title: 'Verdicts of runs',
  unit: 'count',
  drawing: 'verdicts',
  queries: [],
  width: 24,
  lookFor:
    'The runs that ./sla review --grafana has sent here, with their verdicts. The list of all runs is next to their reports.',
  next: [],
});
