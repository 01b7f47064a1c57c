import { isDuration, isRate, parseDuration, parseRate } from '../../slas/document/limits.ts';
import type { Load, PlannedK6Scenario, SlaDocument } from '../../slas/model/model.ts';
import { peakPerSecond } from '../../slas/plan/k6-rate.ts';
import { formatValue } from '../../slas/render/numbers.ts';
import { accept, badOption, type Input, type PlacedProblem } from '../cli/inputs.ts';
import { checkAllowed } from '../stack/existing.ts';
import { isOwnService } from '../stack/kubernetes/options.ts';

/** Checks before anything is sent: where the load may go, and how large it may be. */

export interface BoundOptions {
  readonly stack?: string;
  readonly target?: string;
  readonly maxRate?: string;
  readonly maxDuration?: string;
}

/** The default maximum duration of a load on a service that was already running. */
const DEFAULT_MAX_DURATION: Bound = {
  most: 3600,
  by: 'apply unless --max-duration or the document says otherwise',
};

interface Bound {
  readonly most: number;
  /** The source of the limit, as words that follow its value in a message. */
  readonly by: string;
}

interface Bounds {
  readonly perSecond: Bound | null;
  readonly seconds: Bound | null;
}

/** Parses the limits given by options, or returns their problems. */
export function readBounds({ maxRate, maxDuration }: BoundOptions): Input<Bounds> {
  const perSecond = maxRate === undefined ? null : parseRate(maxRate);
  const seconds = maxDuration === undefined ? null : parseDuration(maxDuration);
  if (maxRate !== undefined && !isRate(perSecond))
    return badOption(
      '--max-rate',
      `"${maxRate}" is not a valid rate (0.01/s to 10000/s): write it as 100 or 100/s`,
    );
  if (maxDuration !== undefined && !isDuration(seconds))
    return badOption(
      '--max-duration',
      `"${maxDuration}" is not a valid duration (1s to 24h): write it as 60s or 5m`,
    );
  return accept({
    perSecond: perSecond === null ? null : { most: perSecond, by: '--max-rate allows' },
    seconds: seconds === null ? null : { most: seconds, by: '--max-duration allows' },
  });
}

/**
 * Everything that forbids a load. Limits given by options apply to every load. The document's allowed targets and limits
 * apply to a service that was already running. If two limits apply, the lower one counts.
 * @param file the path of the document, for messages
 */
export function checkBounds(
  options: BoundOptions,
  { service }: SlaDocument,
  load: Load,
  file: string,
): readonly PlacedProblem[] {
  const bounds = boundsFor(options, service, file);
  if (!bounds.ok) return bounds.error;
  const allowed =
    options.target === undefined || isOwnService(options)
      ? []
      : checkAllowed(options.target, service.allowedTargets, file);
  return [...allowed, ...exceeded(load, bounds.value)];
}

/** The limit on requests per second that k6 must enforce if a script plans the load; null: none. */
export function maxRateOf(options: BoundOptions, { service }: SlaDocument): number | null {
  const bounds = boundsFor(options, service, '');
  return bounds.ok ? (bounds.value.perSecond?.most ?? null) : null;
}

function boundsFor(options: BoundOptions, service: SlaDocument['service'], file: string): Input<Bounds> {
  const read = readBounds(options);
  if (!read.ok || options.target === undefined) return read;
  const stated = boundsOf(service, file);
  return accept({
    perSecond: smaller(read.value.perSecond, stated.perSecond),
    seconds: smaller(read.value.seconds, stated.seconds) ?? DEFAULT_MAX_DURATION,
  });
}

const boundsOf = (
  { maxRatePerSecond, maxDurationSeconds }: SlaDocument['service'],
  file: string,
): Bounds => ({
  perSecond:
    maxRatePerSecond === undefined
      ? null
      : { most: maxRatePerSecond, by: `service.maxRate allows in ${file}` },
  seconds:
    maxDurationSeconds === undefined
      ? null
      : { most: maxDurationSeconds, by: `service.maxDuration allows in ${file}` },
});

const smaller = (one: Bound | null, other: Bound | null): Bound | null =>
  one === null || (other !== null && other.most < one.most) ? other : one;

function exceeded(load: Load, { perSecond, seconds }: Bounds): PlacedProblem[] {
  return [
    ...(perSecond === null ? [] : tooFast(load, perSecond)),
    ...(seconds === null ? [] : tooLong(load, seconds)),
  ];
}

function tooFast({ scenario, phases, k6 }: Load, { most, by }: Bound): PlacedProblem[] {
  if (k6 !== undefined) return scriptTooFast(k6.scenarios, { most, by });
  const fast = phases.filter(({ ratePerSecond }) => ratePerSecond > most);
  if (fast.length === 0) return [];
  const exceeded = fast.map(
    ({ name, ratePerSecond }) => `"${name}" with ${formatValue(ratePerSecond, 'per_second')}`,
  );
  const message = `the planned rate exceeds the ${formatValue(most, 'per_second')} that ${by} (phase ${exceeded.join(', ')}): lower it with --rate, or choose another scenario`;
  return [{ code: 'too-fast', path: `scenarios.${scenario}`, message }];
}

/**
 * The iteration rate of a script is known, but an iteration may send several requests. k6 therefore enforces the request
 * limit during the run, as a whole number of requests per second.
 */
function scriptTooFast(scenarios: readonly PlannedK6Scenario[], { most, by }: Bound): PlacedProblem[] {
  const peak = peakPerSecond(scenarios);
  const limit = `the ${formatValue(most, 'per_second')} that ${by}`;
  if (most < 1)
    return scriptProblem('too-fast', `k6 cannot be limited to ${limit}, only to 1/s or more: use a scenario`);
  if (peak <= most) return [];
  const message = `the script starts up to ${formatValue(peak, 'per_second')} iterations, which exceeds ${limit}: lower its rates`;
  return scriptProblem('too-fast', message);
}

const scriptProblem = (code: string, message: string) => [{ code, path: '--script', message }];

function scriptTooLong(scenarios: readonly PlannedK6Scenario[], { most, by }: Bound): PlacedProblem[] {
  const ends = scenarios.map((one) => one.startSeconds + one.maxDurationSeconds);
  const last = Math.max(...ends);
  const { name } = scenarios[ends.indexOf(last)]!;
  const message = `the script may take ${formatValue(last, 'seconds')} (scenario "${name}"), longer than the ${formatValue(most, 'seconds')} that ${by}: shorten it, or set maxDuration in the script`;
  return scriptProblem('too-long', message);
}

/** The message names the phase that exceeds the limit. */
function tooLong({ scenario, phases, scheduledSeconds, k6 }: Load, { most, by }: Bound): PlacedProblem[] {
  if (scheduledSeconds <= most) return [];
  if (k6 !== undefined) return scriptTooLong(k6.scenarios, { most, by });
  const ends = phases.map((_, index) =>
    phases.slice(0, index + 1).reduce((sum, { durationSeconds }) => sum + durationSeconds, 0),
  );
  const { name } = phases[ends.findIndex((end) => end > most)]!;
  const message = `the load takes ${formatValue(scheduledSeconds, 'seconds')}, longer than the ${formatValue(most, 'seconds')} that ${by} (reached in phase "${name}"): shorten it with --duration, or choose another scenario`;
  return [{ code: 'too-long', path: `scenarios.${scenario}`, message }];
}
