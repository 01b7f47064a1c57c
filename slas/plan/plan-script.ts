import type { Load, Plan, PlannedK6Scenario, SlaDocument } from '../model/model.ts';
import { planWindow } from './plan.ts';
import type { PlanOverrides } from './planned-load.ts';

/** What k6 reports about a script that plans its own load. */
export interface PlannedScript {
  /** The name of the run, in place of a scenario's name. */
  readonly name: string;
  /** An absolute path. */
  readonly file: string;
  readonly scenarios: readonly PlannedK6Scenario[];
  readonly plannedIterations: number;
  readonly scheduledSeconds: number;
  readonly longestSeconds: number;
  readonly maxRequestsPerSecond: number | null;
}

/** k6's own request timeout. */
const REQUEST_TIMEOUT_SECONDS = 60;

/**
 * Plans a run of a k6 script with its own load: every objective that is not limited to some scenarios of the
 * document.
 */
export function planScript(
  document: SlaDocument,
  script: PlannedScript,
  overrides: Pick<PlanOverrides, 'confidence'> = {},
): Plan {
  const { checks } = document;
  const window = planWindow(document, overrides);
  return {
    ...window,
    sla: { ...window.sla, scenario: script.name },
    ...(checks === undefined ? {} : { checks }),
    load: loadOf(document, script),
  };
}

const loadOf = ({ service }: SlaDocument, script: PlannedScript): Load => ({
  scenario: script.name,
  script: script.file,
  k6: {
    scenarios: script.scenarios,
    longestSeconds: script.longestSeconds,
    ...(script.maxRequestsPerSecond === null ? {} : { maxRequestsPerSecond: script.maxRequestsPerSecond }),
  },
  phases: [],
  seed: 0,
  requestTimeoutSeconds: REQUEST_TIMEOUT_SECONDS,
  warmUp: service.warmUp ?? null,
  plannedRequests: script.plannedIterations,
  scheduledSeconds: script.scheduledSeconds,
  // Before the run, it is unknown how many requests an iteration sends, and so how many may fail.
  budgets: [],
});
