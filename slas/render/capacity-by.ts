import type { CapacityRecord } from '../capacity/record.ts';
import type { CapacityResult } from '../capacity/result.ts';
import { FURTHEST, type MeasuredReplicas, REPLICAS, replicasByScaling } from '../capacity/scaling.ts';
import { answerInWords, bentInWords, NOTHING_BENT, rate } from './capacity.ts';
import { basesInWords, basisIn } from './capacity-basis.ts';
import { countOf, formatValue } from './numbers.ts';

/** Several searches in one report: the same search, with another value of one variable in each. */

export interface Searched {
  readonly record: CapacityRecord;
  readonly result: CapacityResult;
}

export interface VariantRow {
  readonly value: string;
  /** The folder of the search. */
  readonly folder: string;
  /** null if the search has no answer (see `words`). */
  readonly provenPerSecond: number | null;
  readonly refutedPerSecond: number | null;
  /** The proven rate times the value: texts per second, where the value is a number of texts a request. */
  readonly unitsPerSecond: number | null;
  /**
   * The scaling efficiency: the growth of the proven rate since the first value, divided by the growth of the value. 1 means linear
   * scaling.
   */
  readonly scaling: number | null;
  readonly cpuSecondsPerRequest: number | null;
  readonly first: string;
  readonly words: string;
}

const WORKERS = 'SERVICE_WORKERS';
/** The variables by which the service is expected to scale, and what each unit of them is. */
const SCALED: Readonly<Record<string, string>> = { [WORKERS]: 'worker', [REPLICAS]: 'replica' };

export const variableOf = ([first]: readonly Searched[]) => first?.record.asked.variant?.name ?? '';

export function rowsOf(searched: readonly Searched[]): readonly VariantRow[] {
  const isScaling = variableOf(searched) in SCALED;
  const [base] = searched.map(perUnit);
  return searched.map((one) => {
    const { record, result } = one;
    const { answer } = result;
    const [value, each] = [numberOf(one), perUnit(one)];
    const proven = answer?.ok === true ? answer.provenPerSecond : null;
    return {
      value: record.asked.variant?.value ?? '',
      folder: record.id,
      provenPerSecond: proven,
      refutedPerSecond: answer?.refutedPerSecond ?? null,
      unitsPerSecond: isScaling || proven === null || value === null ? null : proven * value,
      scaling: isScaling && each !== null && base != null ? each / base : null,
      cpuSecondsPerRequest: result.cpuSecondsPerRequest,
      first: bentInWords(result)[0] ?? NOTHING_BENT,
      words: answerInWords(record, result)[0],
    };
  });
}

const numberOf = ({ record }: Searched): number | null => {
  const value = Number(record.asked.variant?.value);
  return Number.isFinite(value) && value > 0 ? value : null;
};

function perUnit(one: Searched): number | null {
  const [value, { answer }] = [numberOf(one), one.result];
  return value === null || answer?.ok !== true ? null : answer.provenPerSecond / value;
}

/** The contents of the table, without the link: the head of each column, and its cells. */
export function columnsOf(
  searched: readonly Searched[],
): readonly { readonly head: string; readonly cells: readonly string[] }[] {
  const rows = rowsOf(searched);
  const name = variableOf(searched);
  const column = (head: string, of: (row: VariantRow) => string | null) => ({
    head,
    cells: rows.map((row) => of(row) ?? '–'),
  });
  const rounded = (value: number) => rate(Number(value.toPrecision(3)));
  const all = [
    column(name, ({ value }) => value),
    column('proven', ({ provenPerSecond }) => (provenPerSecond === null ? null : rate(provenPerSecond))),
    column('missed', ({ refutedPerSecond }) => (refutedPerSecond === null ? null : rate(refutedPerSecond))),
    column(`proven × ${name}`, ({ unitsPerSecond }) =>
      unitsPerSecond === null ? null : rounded(unitsPerSecond),
    ),
    column('of linear scaling', ({ scaling }) =>
      scaling === null ? null : formatValue(Number(scaling.toPrecision(2)), 'ratio'),
    ),
    column('CPU of a request', ({ cpuSecondsPerRequest: cpu }) =>
      cpu === null ? null : formatValue(Number(cpu.toPrecision(3)), 'seconds'),
    ),
    column('first bottleneck', ({ first }) => first),
  ];
  return all.filter(({ cells }, index) => index < 3 || cells.some((cell) => cell !== '–'));
}

export const titleOf = (searched: readonly Searched[]) =>
  `Capacity of ${searched[0]!.record.sla}, scenario ${searched[0]!.record.asked.scenario}, by ${variableOf(searched)}`;

/**
 * Explanations of the table's columns.
 * @param missing values whose search did not end
 */
export const notesOf = (
  searched: readonly Searched[],
  missing: readonly string[] = [],
): readonly string[] => [
  ...(missing.length === 0
    ? []
    : [
        `Not compared: ${missing.map((value) => `${variableOf(searched)}=${value}`).join(', ')}, because ${missing.length === 1 ? 'that search' : 'those searches'} did not end.`,
      ]),
  ...scalingNotes(SCALED[variableOf(searched)]),
  ...(variableOf(searched) === REPLICAS ? replicaNotes(searched) : []),
  ...basesInWords(basesOf(searched)),
  'Each rate is the lower end of an interval, confirmed by a hold of its own. Two rows differ for certain only if their intervals do not overlap.',
];

/** Of the searches that have an answer. */
const basesOf = (searched: readonly Searched[]) =>
  searched.flatMap(({ record, result }) => (result.answer?.ok === true ? [basisIn(record, result)] : []));

const scalingNotes = (unit: string | undefined): readonly string[] =>
  unit === undefined
    ? []
    : [
        `Of linear scaling: the proven rate of a ${unit}, compared with the first row. Below 100%, ${unit}s share something.`,
      ];

function replicaNotes([first]: readonly Searched[]): readonly string[] {
  const { asked, cores } = first!.record;
  if (asked.deployment !== undefined)
    return [
      `The replicas were pods of ${asked.deployment}, and requests reached them through ${asked.target}.`,
    ];
  const each =
    asked.workersEach === undefined ? '' : `, with ${countOf(Number(asked.workersEach), 'worker')} each`;
  return [
    `The replicas were processes of this machine${each}. The load generator sent its requests to them in turn, without a load balancer.`,
    ...(cores === null
      ? []
      : [
          `They shared ${countOf(cores, 'core')} with the load generator. If CPU is the first bottleneck of several replicas, replicas on machines of their own scale better.`,
        ]),
  ];
}

/** The replicas that the target rate needs by the measured scaling. null: no target rate, no replicas, or no answer. */
export function scalingInWords(searched: readonly Searched[]): string | null {
  const { targetPerSecond, headroom } = searched[0]!.record.asked;
  const measured = searched.flatMap(measuredIn);
  if (variableOf(searched) !== REPLICAS || targetPerSecond === undefined || measured.length === 0)
    return null;
  const goal = `${rate(targetPerSecond)} with ${formatValue(headroom, 'ratio')} headroom`;
  const answer = replicasByScaling({ targetPerSecond, headroom, measured });
  if (!answer.ok) {
    const most = countOf(FURTHEST * answer.measuredReplicas, 'replica');
    return answer.because === 'too-many'
      ? `${goal} needs more than ${most}, twice as many as were measured, and nothing is predicted for more: measure more with --replicas.`
      : `${goal} needs more than the ${countOf(answer.measuredReplicas, 'replica')} that were measured, and it is not certain that a further one adds anything: see the first bottleneck, or narrow the intervals with --budget.`;
  }
  const { replicas, low, addedPerSecond } = answer;
  const of = basesOf(searched).every((one) => one === null) ? '' : ' of the decisive objectives';
  const range = low === null || low === replicas ? '' : ` (between ${low} and ${replicas})`;
  const beyond =
    addedPerSecond === undefined
      ? ''
      : ` More must run than were measured: each further one is assumed to add ${rate(Number(addedPerSecond.toPrecision(3)))}.`;
  return `${goal} needs ${countOf(replicas, 'replica')}${range} by the measured scaling${of}, so that one of them may fail.${beyond}`;
}

function measuredIn(one: Searched): readonly MeasuredReplicas[] {
  const { answer } = one.result;
  const replicas = numberOf(one);
  if (answer?.ok !== true || replicas === null) return [];
  const { provenPerSecond, refutedPerSecond } = answer;
  return [{ replicas, provenPerSecond, refutedPerSecond }];
}

export function variantsMarkdown(searched: readonly Searched[], missing: readonly string[] = []): string {
  const columns = columnsOf(searched);
  const rows = rowsOf(searched).map(({ folder }, index) => [
    ...columns.map(({ cells }) => cells[index]!.replaceAll('|', '\\|')),
    `[report](../${folder}/capacity.md)`,
  ]);
  const heads = [...columns.map(({ head }) => head), ''];
  const scaling = scalingInWords(searched);
  return [
    `# ${titleOf(searched)}`,
    '',
    ...(scaling === null ? [] : [`**${scaling}**`, '']),
    ...rowsOf(searched).map(({ value, words }) => `- ${variableOf(searched)}=${value}: ${words}`),
    '',
    `| ${heads.join(' | ')} |`,
    `|${heads.map(() => ' --- |').join('')}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    ...notesOf(searched, missing).map((note) => `${note}\n`),
  ].join('\n');
}
