import type { Budget, Load } from '../../slas/model/model.ts';
import { plannedIn } from '../../slas/plan/planned-in.ts';
import { countOf, formatCount, formatValue } from '../../slas/render/numbers.ts';
import type { SeenRequest } from './record/recorder.ts';

/**
 * Stops a load once an objective's error budget for the whole plan is exceeded, because the objective can no longer be met.
 */
export interface BudgetWatch {
  see(request: SeenRequest): void;
  /** The reason to stop the load, in words; null while no budget is exceeded. */
  reason(): string | null;
}

interface Counted extends Budget {
  readonly isBadStatus: (status: number) => boolean;
  spent: number;
}

export function watchBudgets(load: Load): BudgetWatch {
  const counted = load.budgets.map((budget): Counted => {
    const pattern = budget.badStatus === null ? null : new RegExp(`^(?:${budget.badStatus})$`);
    return { ...budget, isBadStatus: (status) => pattern?.test(String(status)) === true, spent: 0 };
  });
  return {
    see: (request) => {
      for (const budget of counted) if (isSpentBy(request, budget)) budget.spent++;
    },
    reason: () => {
      const exceeded = counted.filter(({ spent, atMost }) => spent > atMost);
      if (exceeded.length === 0) return null;
      return `an objective can no longer be met: ${exceeded.map((one) => inWords(one, load)).join('; ')}`;
    },
  };
}

function isSpentBy({ path, status, scenario, durationMs }: SeenRequest, budget: Counted): boolean {
  if (budget.path !== null && budget.path !== path) return false;
  if (budget.phase !== null && budget.phase !== scenario) return false;
  const isSlow =
    budget.overSeconds !== null && status >= 200 && status < 300 && durationMs / 1000 > budget.overSeconds;
  return status === 0 || isSlow || budget.isBadStatus(status);
}

const howBad = (overSeconds: number | null) =>
  overSeconds === null ? 'failed' : `took longer than ${formatValue(overSeconds, 'seconds')}`;

const inWords = ({ objective, phase, overSeconds, spent, atMost }: Counted, load: Load) =>
  `${countOf(spent, 'request')} ${howBad(overSeconds)}; the error budget of ${objective} is ${formatCount(atMost)} of ${formatCount(plannedIn(load, phase ?? undefined).plannedRequests)}`;
