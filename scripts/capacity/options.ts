import type { Period } from '../../slas/capacity/traffic/periods.ts';
import { isRate, parseDuration, parseRate } from '../../slas/document/limits.ts';
import type { SlaDocument } from '../../slas/model/model.ts';
import { DEFAULT_HOLD_SECONDS } from '../../slas/render/capacity.ts';
import { countOf } from '../../slas/render/numbers.ts';
import { printableLine } from '../../slas/render/printable.ts';
import { accept, badOption, type Input, readTime } from '../cli/inputs.ts';
import type { RunOptions } from '../run/prepare.ts';

export interface CapacityOptions
  extends Pick<
    RunOptions,
    'sla' | 'scenario' | 'script' | 'target' | 'prometheus' | 'generators' | 'maxRate' | 'out' | 'faults'
  > {
  readonly targetRate?: string;
  readonly headroom?: string;
  readonly weeklyPeak?: string;
  readonly history?: string;
  readonly historyWeeks?: string;
  /** `FROM/TO`: periods of load tests that the harness did not run. */
  readonly excludeHistory?: readonly string[];
  readonly budget?: string;
  /** The minimum duration of a hold. */
  readonly hold?: string;
  readonly resume?: string;
  /** Worker counts of the service, separated by commas; each gets its own search. */
  readonly workers?: string;
  /** Numbers of replicas of the service, separated by commas; each gets its own search. */
  readonly replicas?: string;
  /** `NAMESPACE/NAME` of the Deployment behind the target, which is scaled to these numbers. */
  readonly deployment?: string;
  /** The context of the kubeconfig for that Deployment. */
  readonly context?: string;
  /** `VARIABLE=VALUE,VALUE`: a parameter of the load script; each value gets its own search. */
  readonly by?: string;
  readonly json?: boolean;
}

/** The server that stores the past traffic, and how far back to read. */
export interface HistoryAsked {
  readonly url: string;
  readonly weeks: number;
  /** Periods in which requests do not count as traffic. */
  readonly exclude: readonly Period[];
}

export interface ReadOptions {
  readonly targetPerSecond: number | null;
  readonly weeklyPeakPerSecond: number | null;
  readonly history: HistoryAsked | null;
  readonly headroom: number;
  readonly budgetSeconds: number;
  readonly holdSeconds: number;
  /** null if no maximum rate was given. */
  readonly maxPerSecond: number | null;
}

const DEFAULT_HEADROOM = 0.3;
export const DEFAULT_BUDGET_SECONDS = 900;
export const MAX_HOLD_SECONDS = 4 * 3600;
/** Time for one step, in addition to a hold. */
const STEP_SECONDS = 60;
const MAX_BUDGET_SECONDS = 24 * 3600;

/** @param searches the number of searches that share the budget */
export function readCapacityOptions(options: CapacityOptions, searches = 1): Input<ReadOptions> {
  const { targetRate, headroom, weeklyPeak, maxRate } = options;
  const targetPerSecond = targetRate === undefined ? null : parseRate(targetRate);
  if (targetRate !== undefined && !isRate(targetPerSecond))
    return badOption(
      '--target-rate',
      `"${targetRate}" is not a valid rate (0.01/s to 10000/s): write it as 400 or 400/s`,
    );
  const weeklyPeakPerSecond = weeklyPeak === undefined ? null : parseRate(weeklyPeak);
  if (weeklyPeak !== undefined && !isRate(weeklyPeakPerSecond))
    return badOption(
      '--weekly-peak',
      `"${weeklyPeak}" is not a valid rate (0.01/s to 10000/s): write it as 250 or 250/s`,
    );
  if ([targetRate, weeklyPeak, options.history].every((one) => one === undefined) && headroom !== undefined)
    return badOption(
      '--headroom',
      'headroom applies to a target rate, a weekly peak or a history: add --target-rate RATE, --weekly-peak RATE or --history URL',
    );
  const history = readHistoryOptions(options);
  if (!history.ok) return history;
  const share = headroom === undefined ? DEFAULT_HEADROOM : shareOf(headroom);
  if (share === null)
    return badOption('--headroom', `"${headroom}" is not a valid headroom (0% to 90%): write it as 30%`);
  const times = readTimes(options, searches);
  if (!times.ok) return times;
  const maxPerSecond = maxRate === undefined ? null : parseRate(maxRate);
  if (maxRate !== undefined && !isRate(maxPerSecond))
    return badOption(
      '--max-rate',
      `"${maxRate}" is not a valid rate (0.01/s to 10000/s): write it as 100 or 100/s`,
    );
  if (options.script !== undefined && options.scenario !== undefined)
    return badOption(
      '--scenario',
      'a search uses either a scenario or a script: leave out --scenario or --script',
    );
  return accept({
    targetPerSecond,
    weeklyPeakPerSecond,
    history: history.value,
    headroom: share,
    ...times.value,
    maxPerSecond,
  });
}

/** The time budget of each search, and the minimum duration of its holds. */
export function readTimes(
  { budget, hold }: Pick<CapacityOptions, 'budget' | 'hold'>,
  searches = 1,
): Input<Pick<ReadOptions, 'budgetSeconds' | 'holdSeconds'>> {
  const holdSeconds = hold === undefined ? DEFAULT_HOLD_SECONDS : Math.round(parseDuration(hold) ?? 0);
  if (holdSeconds < DEFAULT_HOLD_SECONDS || holdSeconds > MAX_HOLD_SECONDS)
    return badOption('--hold', `"${hold}" is not a valid duration for a hold (2m to 4h): write it as 5m`);
  const budgetSeconds = budget === undefined ? DEFAULT_BUDGET_SECONDS : parseDuration(budget);
  const min = holdSeconds + STEP_SECONDS;
  const longestHold = Math.floor(MAX_BUDGET_SECONDS / searches) - STEP_SECONDS;
  if (holdSeconds > longestHold)
    return badOption(
      '--hold',
      `${searches} searches with holds of ${lengthOf(holdSeconds)} take longer than the longest budget (24h): write it as ${Math.floor(longestHold / 60)}m or less`,
    );
  const isOutside = budgetSeconds === null || budgetSeconds > MAX_BUDGET_SECONDS;
  if (isOutside || (budget !== undefined && budgetSeconds < min))
    return badOption(
      '--budget',
      `"${budget}" is not a valid time budget (${minutes(min)} to 24h; a hold alone takes ${lengthOf(holdSeconds)}): write it as ${minutes(Math.max(DEFAULT_BUDGET_SECONDS, 5 * holdSeconds, searches * min))}`,
    );
  if (budgetSeconds < searches * min) return badOption('--budget', tooShort(searches, holdSeconds, min));
  return accept({ budgetSeconds: Math.floor(budgetSeconds / searches), holdSeconds });
}

const tooShort = (searches: number, holdSeconds: number, min: number) =>
  searches === 1
    ? `the default budget of 15 minutes is too short for holds of ${lengthOf(holdSeconds)}: write at least ${minutes(min)}, or better ${minutes(5 * holdSeconds)}`
    : `${searches} searches share the budget, and each needs ${minutes(min)}: write at least ${minutes(searches * min)}`;

const minutes = (seconds: number) => `${Math.ceil(seconds / 60)}m`;
const lengthOf = (seconds: number) => (seconds % 60 === 0 ? countOf(seconds / 60, 'minute') : `${seconds} s`);

const DEFAULT_HISTORY_WEEKS = 26;

export function readHistoryOptions({
  history,
  historyWeeks,
  excludeHistory = [],
}: CapacityOptions): Input<HistoryAsked | null> {
  if (history === undefined && historyWeeks !== undefined)
    return badOption('--history-weeks', 'it applies only to --history: add --history URL');
  if (history === undefined)
    return excludeHistory.length === 0
      ? accept(null)
      : badOption('--exclude-history', 'it excludes part of a history: add --history URL');
  const url = URL.parse(history);
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    return badOption(
      '--history',
      `"${printableLine(history)}" is not the URL of a store with Prometheus's HTTP API: write it as http://127.0.0.1:8428`,
    );
  const weeks = historyWeeks === undefined ? DEFAULT_HISTORY_WEEKS : Number(historyWeeks);
  if (!/^\d+$/.test(historyWeeks ?? '1') || weeks < 1 || weeks > 52)
    return badOption(
      '--history-weeks',
      `"${historyWeeks}" is not a number of weeks (1 to 52): write it as 26`,
    );
  const exclude = excludeHistory.map(periodIn);
  const wrong = excludeHistory.find((_, index) => exclude[index] === null);
  return wrong === undefined
    ? accept({ url: history, weeks, exclude: exclude.filter((one) => one !== null) })
    : badOption(
        '--exclude-history',
        `"${printableLine(wrong)}" is not a period: write it as 2026-11-20T10:00:00Z/2026-11-20T11:30:00Z`,
      );
}

/** null: not two times in order. */
function periodIn(text: string): Period | null {
  const [from, to] = text.split('/').map((one) => readTime('--exclude-history', one));
  const isTwo = text.split('/').length === 2 && from?.ok === true && to?.ok === true;
  return isTwo && from.value < to.value ? { fromSeconds: from.value, toSeconds: to.value } : null;
}

function shareOf(text: string): number | null {
  const [, percent] = /^(\d{1,2}(?:\.\d+)?)%$/.exec(text) ?? [];
  const share = percent === undefined ? null : Number(percent) / 100;
  return share !== null && share <= 0.9 ? share : null;
}

/** Refuses options that a resumed search keeps from its start. */
export function checkResume(options: CapacityOptions): Input<null> {
  if (options.out !== undefined)
    return badOption(
      '--out',
      'a resumed search stays in its folder: leave this one out, or copy the folder first',
    );
  if (options.headroom !== undefined && options.history === undefined)
    return badOption(
      '--headroom',
      'the headroom of a resumed search can be changed only together with its history: add --history URL, or leave this one out',
    );
  const stored = (
    [
      'sla',
      'scenario',
      'script',
      'target',
      'prometheus',
      'generators',
      'maxRate',
      'hold',
      'targetRate',
      'weeklyPeak',
      'faults',
      'workers',
      'replicas',
      'deployment',
      'context',
      'by',
    ] as const
  ).find((name) => options[name] !== undefined);
  return stored === undefined
    ? accept(null)
    : badOption(
        `--${stored.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
        'a resumed search keeps the options that it began with: leave this one out (only --budget, and --history with its --headroom, can be changed)',
      );
}

/** The scenario that a search sends, and the rate at which the search begins. */
export interface PlannedRate {
  readonly name: string;
  readonly perSecond: number;
}

/** A search varies the rate, so the scenario must have a single rate. */
export function checkScenario(
  { scenarios, defaultScenario }: SlaDocument,
  given: string | undefined,
): Input<PlannedRate> {
  const names = scenarios.map(({ name }) => name).join(', ') || 'the document has no scenarios';
  const name = given ?? defaultScenario;
  if (name === null)
    return badOption('--scenario', `the document has no defaultScenario: choose a scenario (${names})`);
  const scenario = scenarios.find((one) => one.name === name);
  if (scenario === undefined)
    return badOption('--scenario', `there is no scenario "${name}": choose one of ${names}`);
  const { length } = scenario.phases;
  const [only] = scenario.phases;
  return length === 1
    ? accept({ name, perSecond: only!.ratePerSecond })
    : badOption(
        '--scenario',
        `scenario "${name}" has ${length} phases, and a search sends one rate at a time: choose a scenario with a single rate`,
      );
}
