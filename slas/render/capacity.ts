import type { NoPodSize } from '../capacity/pod-size.ts';
import type { CapacityRecord, StepRecord, StepResource } from '../capacity/record.ts';
import type { CapacityResult } from '../capacity/result.ts';
import { REPLICAS } from '../capacity/scaling.ts';
import type { OpenEnd, SearchRefusal } from '../capacity/search.ts';
import { changedReplicas } from '../capacity/steps.ts';
import { basisIn, exceptInWords, holdsInWords, missInWords, uncountedInWords } from './capacity-basis.ts';
import { countOf, formatConfidence, formatValue, were } from './numbers.ts';
import { printableLine } from './printable.ts';

/** The words of a capacity report. */

export const rate = (value: number) => formatValue(value, 'per_second');
/** Three digits are as precise as these measurements. */
export const number = (value: number) => formatValue(Number(value.toPrecision(3)), 'number');

const OPEN: Readonly<Record<OpenEnd, string>> = {
  'max-rate': 'no higher rate was allowed',
  generator: 'the load generator, not the service, is the limit',
  budget: 'the time budget ended before a rate was missed',
  undecided: 'every higher rate had too few requests or was too close to the limit to be decided',
};

const REFUSED: Readonly<Record<SearchRefusal, string>> = {
  'nothing-met': 'the objectives were missed even at the lowest rate',
  'generator-limited':
    'the load generator, not the service, is the limit: it was late at every rate that remained',
  'not-confirmed': 'no rate was confirmed: every hold was missed or undecided',
  'budget-spent': 'the time budget ended before a rate could be confirmed',
  undecided:
    'no rate was decided: every step had too few requests or was too close to the limit, or a check did not hold',
  'service-ended': 'the service ended and could not be loaded again',
};

/** Some steps were missed, and those at lower rates were undecided. */
const UNDECIDED_BELOW =
  'no rate below the missed ones was decided: each step had too few requests or was too close to the limit, or a check did not hold';

const NEXT: Readonly<Record<SearchRefusal, string>> = {
  'nothing-met': 'Run ./sla gate at that rate to see which objective is missed, and why.',
  'generator-limited':
    'Add --generators N, run the load generator on another machine, or stop other work on this one.',
  'not-confirmed':
    'See the holds below: a service that slows down under sustained load has no sustainable rate.',
  'budget-spent': 'Give it more time with --budget.',
  undecided: 'See the checks that did not hold below, or give it more time with --budget and --hold.',
  'service-ended': 'See its log in the folder of the search.',
};

/** The answer in two sentences. */
export function answerInWords(record: CapacityRecord, result: CapacityResult): readonly [string, string] {
  const { settings, asked, replicas: measured, steps } = record;
  const { answer, replicas } = result;
  if (answer === null)
    return ['The search is not finished.', 'Resume it with ./sla capacity --resume and its name.'];
  if (!answer.ok) {
    const { code, refutedPerSecond } = answer;
    const bound = refutedPerSecond === null ? '' : ` (missed at ${rate(refutedPerSecond)})`;
    const isBelow = code === 'undecided' && refutedPerSecond !== null;
    return [`There is no answer: ${isBelow ? UNDECIDED_BELOW : REFUSED[code]}${bound}.`, NEXT[code]];
  }
  const { provenPerSecond, refutedPerSecond, openBecause } = answer;
  const basis = basisIn(record, result);
  const up =
    refutedPerSecond === null
      ? `no upper bound was found, because ${OPEN[openBecause!]}`
      : `at ${rate(refutedPerSecond)} ${missInWords(basis)}`;
  const first = `${holdsInWords(basis)} at ${rate(provenPerSecond)}, confirmed by a hold; ${up}${exceptInWords(basis)}.`;
  const changed = changedReplicas(steps);
  if (changed !== null && asked.targetPerSecond !== undefined)
    return [
      first,
      `No number of replicas is calculated for ${rate(asked.targetPerSecond)}, because their number changed during the search (${changed.min} to ${changed.max}): stop what changes it, or vary it with --replicas.`,
    ];
  if (replicas === null)
    return [
      first,
      `Each of the two statements holds with ${formatConfidence(settings.confidence)} confidence.`,
    ];
  const { range } = replicas;
  const interval =
    range.low === null || range.low === range.high ? '' : ` (between ${range.low} and ${range.high})`;
  const each = measured === 1 ? '' : ', each like those that were measured';
  const by = basis === null ? '' : ' for the decisive objectives';
  return [
    first,
    `${rate(asked.targetPerSecond!)} with ${formatValue(asked.headroom, 'ratio')} headroom needs ${countOf(replicas.replicas, 'replica')}${by}${interval}${each}, so that one of them may fail.`,
  ];
}

/** null if no weekly peak was given, or if there is no answer. */
export function growthInWords({ asked }: CapacityRecord, { growth }: CapacityResult): string | null {
  if (growth === null) return null;
  const { withHeadroom, toProven, toRefuted } = growth;
  const peak = `A weekly peak of ${rate(asked.weeklyPeakPerSecond!)}`;
  const headroom = `${formatValue(asked.headroom, 'ratio')} headroom`;
  const share = (value: number) => formatValue(Number(Math.abs(value).toPrecision(2)), 'ratio');
  if (toProven < 0) return `${peak} is above the proven rate: there is no room for growth.`;
  const most =
    `${share(toProven)} up to the proven rate` +
    (toRefuted === null ? '' : `, and an objective is missed at ${share(toRefuted)} more`);
  return withHeadroom < 0
    ? `${peak} already uses part of the ${headroom}; it may grow by ${most}.`
    : `${peak} may grow by ${share(withHeadroom)} with ${headroom}, by ${most}.`;
}

function measuredInWords(replicas: number, steps: readonly StepRecord[]): string {
  const changed = changedReplicas(steps);
  if (changed === null) return `${countOf(replicas, 'replica')} ${were(replicas)} measured.`;
  return `The number of replicas changed during the search (${changed.min} to ${changed.max}); the rates are those of all of them together.`;
}

export function assumptions({ settings, asked, replicas, cores, steps }: CapacityRecord): readonly string[] {
  return [
    `The load is that of ${asked.script === undefined ? `scenario "${asked.scenario}"` : `the script ${printableLine(asked.script.file)}, and a rate counts its iterations, each of which may send several requests`}${asked.variant === undefined || asked.variant.name === REPLICAS ? '' : ` with ${asked.variant.name}=${asked.variant.value}`}: a different mix of requests has a different capacity.`,
    cores === null
      ? 'The service ran on a different machine than the load generator, or it is unknown where it ran.'
      : `The service and the load generator shared ${countOf(cores, 'core')} of this machine: on its own machine, the service may handle more.`,
    `${measuredInWords(replicas, steps)} Further replicas are assumed to handle as much each; a shared database or queue may prevent that.`,
    `A rate that passes a hold of at least ${formatValue(settings.holdSeconds, 'seconds')} is assumed to hold for longer; leaks, daily jobs and rarer disturbances would go undetected.`,
    `Each end of the interval has ${formatConfidence(settings.confidence)} confidence, counting all runs of the search together.`,
  ];
}

// ---------------------------------------------------------------------------------------------- resources

export const RESOURCES: Readonly<Record<StepResource['name'], string>> = {
  cpu: 'CPU of the service',
  memory: 'memory of the service',
  'event-loop': 'event loop of the service',
  queue: 'requests in the queue of the service',
  'in-progress': 'requests in progress',
  unanswered: 'unanswered requests',
  generator: 'load generator (lateness)',
  throttling: 'CPU throttling (share of periods in which a CPU limit pauses the service)',
};

const amount = (value: number, unit: CapacityResult['bent'][number]['unit']): string => {
  switch (unit) {
    case 'cores':
      return `${number(value)} cores`;
    case 'bytes':
      return `${number(value / 1e6)} MB`;
    case 'count':
      return number(value);
    case 'seconds':
    case 'ratio':
    case 'per_second':
      return formatValue(Number(value.toPrecision(3)), unit);
    default:
      return unit satisfies never;
  }
};

/** The resources in the order in which they became bottlenecks. */
export const bentInWords = ({ bent }: CapacityResult): readonly string[] =>
  bent.map(({ name, unit, ratePerSecond, because, value, expected }) => {
    const what = RESOURCES[name as StepResource['name']];
    const why =
      because === 'nearly-used-up'
        ? `${amount(value, unit)} of ${amount(expected, unit)} in use`
        : `${amount(value, unit)}, where lower rates predict ${amount(expected, unit)}`;
    return `${what}, at ${rate(ratePerSecond)}: ${why}`;
  });

export const NOTHING_BENT = 'not among the measured resources';

export const littleInWords = ({ little }: CapacityResult): readonly string[] =>
  little.map(({ ratePerSecond, violation: { who, code, concurrency, expected } }) => {
    const seen = `${number(concurrency)} concurrent requests, where ${number(expected)} are expected`;
    const says = {
      'own-figures': `the ${who === 'client' ? 'load generator' : 'service'} contradicts itself`,
      'more-than-sent':
        'the service counts more requests than were sent: other clients send some, or it counts some twice',
      'waits-outside': 'requests wait before the service begins to count them',
    }[code];
    return `at ${rate(ratePerSecond)} ${says} (${seen})`;
  });

// ---------------------------------------------------------------------------------------------- Kubernetes

export const PATCH_FILE = 'k8s-patch.yaml';

const NO_POD: Readonly<Record<NoPodSize, string>> = {
  'no-answer': 'no rate was confirmed by a hold',
  'other-service':
    'the manifests in k8s/ are those of the sentiment service, and another service was measured',
  faults: 'faults were injected into the service',
  'replicas-changed': 'the number of replicas changed during the search',
  'cpu-unknown': 'the CPU of the service was not measured (process_cpu_seconds_total)',
  'memory-unknown': 'the memory of the service was not measured (process_resident_memory_bytes)',
  'cores-unknown':
    'it is unknown how many cores the service could use (it was already running, see --target)',
};

export function podInWords({ pod }: CapacityResult): readonly string[] {
  if (!pod.ok) return [`no patch is written for k8s/: ${NO_POD[pod.because]}`];
  const { cpu, memory, scaling } = pod.size;
  return [
    `requests: ${cpu.requestMilli}m CPU, which the proven rate used, and ${memory.requestMib}Mi memory, the peak of all steps`,
    `limits: ${cpu.limitMilli}m CPU, which the service could use in the search, and ${memory.limitMib}Mi memory, 1.5 times the peak (both rounded up to a multiple of 64Mi)`,
    scaling === null
      ? 'autoscaler: unchanged, because no --target-rate was given'
      : `autoscaler: ${scaling.minReplicas} to ${scaling.maxReplicas} replicas, at a mean of ${scaling.averageMilli}m CPU each`,
  ];
}

// ---------------------------------------------------------------------------------------------- steps

const OUTCOMES: Readonly<Record<StepRecord['outcome'], string>> = {
  met: 'met',
  missed: 'missed',
  undecided: 'undecided',
  invalid: 'invalid',
};

/** The outcome of a step, and objectives that were missed in it but do not count. */
export const stepInWords = (step: StepRecord): string => `${outcomeInWords(step)}${uncountedInWords(step)}`;

function outcomeInWords({ outcome, because, missed, broken }: StepRecord): string {
  if (because === 'service-ended')
    return outcome === 'missed'
      ? 'missed: the service ended during the step'
      : 'invalid: the service did not respond, so the step could not begin';
  if (because === 'interrupted') return 'invalid: the search was interrupted during the step';
  if (because === 'cut-short') return 'undecided: so many requests failed that the load was stopped';
  if (because === 'generator-late') return 'invalid: the load generator, not the service, was late';
  if (outcome === 'missed' && missed.length > 0) return `missed: ${missed.join(', ')}`;
  if (outcome === 'undecided' && broken.length > 0) return `undecided: ${broken.join(', ')} did not hold`;
  return OUTCOMES[outcome];
}

/** How to repeat the search. */
export function commandOf({ asked, settings }: CapacityRecord): string {
  const options: readonly (readonly [string, string | undefined])[] = [
    ['--sla', asked.sla],
    ['--scenario', asked.script === undefined ? asked.scenario : undefined],
    ['--script', asked.script?.file],
    ['--target', asked.target],
    ['--prometheus', asked.prometheus],
    ['--generators', asked.generators],
    ['--max-rate', asked.maxRate],
    ['--faults', asked.faults],
    ['--replicas', asked.variant?.name === REPLICAS ? asked.variant.value : undefined],
    ['--deployment', asked.deployment],
    ['--context', asked.context],
    ['--target-rate', asked.targetPerSecond === undefined ? undefined : `${asked.targetPerSecond}/s`],
    ['--weekly-peak', asked.weeklyPeakPerSecond === undefined ? undefined : `${asked.weeklyPeakPerSecond}/s`],
    ['--history', asked.history?.url],
    ['--history-weeks', asked.history === undefined ? undefined : String(asked.history.weeks)],
    ...(asked.history?.exclude ?? []).map((one) => ['--exclude-history', one] as const),
    [
      '--headroom',
      (asked.targetPerSecond ?? asked.weeklyPeakPerSecond ?? asked.history) === undefined
        ? undefined
        : `${100 * asked.headroom}%`,
    ],
    ['--budget', `${settings.budgetSeconds}s`],
    ['--hold', settings.holdSeconds === DEFAULT_HOLD_SECONDS ? undefined : `${settings.holdSeconds}s`],
  ];
  const { variant, workersEach } = asked;
  const isReplicas = variant?.name === REPLICAS;
  return [
    ...(variant === undefined || isReplicas ? [] : [`${variant.name}=${quoted(variant.value)}`]),
    ...(workersEach === undefined ? [] : [`SERVICE_WORKERS=${workersEach}`]),
    './sla capacity',
    ...options.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${quoted(value)}`])),
  ].join(' ');
}

/** The minimum duration of a hold if `--hold` is not given. */
export const DEFAULT_HOLD_SECONDS = 120;

const quoted = (text: string) => (/^[\w./:%@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
