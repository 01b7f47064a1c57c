import type { ObjectiveVerdict, Verdict } from '../../slas/model/model.ts';
import { countOf, formatMeasured } from '../../slas/render/numbers.ts';
import { wordsOf } from '../../slas/render/reasons/words.ts';
import type { Panel } from '../panel.ts';
import { type Grid, type Line, present, secondsAt } from './course.ts';
import { clockTime, formatNumber, intoRun } from './format.ts';
import { spoken } from './sections.ts';

/** Where to look first: the objective that broke, the first moment it did, and what moved with it. */
export interface LookFirst {
  readonly sentences: readonly string[];
  readonly moved: readonly Moved[];
  /** The panel that shows it, or null. */
  readonly panel: Pick<Panel, 'id' | 'title'> | null;
  /** The first moment beyond a limit, in Unix seconds; null where there is none. */
  readonly atSeconds: number | null;
}

export interface Moved {
  readonly panel: Pick<Panel, 'id' | 'title'>;
  readonly told: string;
}

/** A panel with its course. */
export interface Course {
  readonly panel: Panel;
  readonly lines: readonly Line[];
}

export function lookFirst(
  verdict: Verdict,
  courses: readonly Course[],
  grid: Grid | null,
  startSeconds: number,
): LookFirst {
  const missed = worst(verdict.objectives);
  if (missed === undefined) return nothingBroke(verdict, courses);
  const sentences = [`${spoken(missed)}: ${formatMeasured(missed)}. ${wordsOf(missed.reasons)}.`];
  const shown = courses.filter(({ panel }) => panel.objectives.includes(documentId(missed.id)));
  const broke = shown.flatMap((course) => firstBeyond(course, missed))[0];
  const panel = shown[0]?.panel ?? null;
  if (grid === null || broke === undefined || panel === null)
    return {
      sentences: [...sentences, 'The plots show no single moment at which it broke.'],
      moved: [],
      panel,
      atSeconds: null,
    };
  const atSeconds = secondsAt(grid, broke.step);
  const place = `at ${clockTime(atSeconds)} UTC, ${intoRun(atSeconds - startSeconds)}`;
  if (broke.isFromTheStart)
    return {
      sentences: [
        ...sentences,
        `It was so from the first moment on (${place}): look for what was already there before the load, not for what changed.`,
      ],
      moved: [],
      panel: broke.panel,
      atSeconds,
    };
  const moved = movedWith(broke, courses);
  return {
    sentences: [
      ...sentences,
      `${broke.line.label} first ${crossing(missed)} ${place}.`,
      moved.length === 0 ? 'Nothing else changed noticeably at that moment.' : 'What changed with it:',
    ],
    moved,
    panel: broke.panel,
    atSeconds,
  };
}

/** `latency-p95 · hold` is of the document's latency-p95. */
const documentId = (id: string) => id.split(' · ')[0]!;

const crossing = ({ target }: ObjectiveVerdict) =>
  target.replace(/^([<>])=?\s*/, (_, sign) => (sign === '<' ? 'rose over ' : 'fell under '));

const worst = (objectives: readonly ObjectiveVerdict[]) => {
  const missed = objectives.filter(({ verdict }) => verdict === 'missed');
  return missed.find(({ severity }) => severity === 'alert') ?? missed[0];
};

// ---------------------------------------------------------------------------------------------- nothing broke

function nothingBroke(verdict: Verdict, courses: readonly Course[]): LookFirst {
  const broken = verdict.preconditions.filter(({ ok }) => ok === false);
  const undecided = verdict.objectives.filter((one) => one.verdict === 'undecided');
  const panelOf = (id: string | undefined) =>
    courses.find(({ panel }) => id !== undefined && panel.objectives.includes(documentId(id)))?.panel ?? null;
  const nothing = { moved: [], atSeconds: null };
  if (broken.length > 0)
    return {
      ...nothing,
      sentences: [
        'No objective was missed, but a precondition of the verdict does not hold:',
        ...broken.map(({ id, reasons }) => `${id}: ${wordsOf(reasons)}.`),
        'Fix that and run again: the numbers below cannot be trusted.',
      ],
      panel: null,
    };
  if (undecided.length > 0)
    return {
      ...nothing,
      sentences: undecided.map(({ id, reasons }) => `${id} could not be decided: ${wordsOf(reasons)}.`),
      panel: panelOf(undecided[0]?.id),
    };
  const near = verdict.objectives.filter(({ nearLimit }) => nearLimit);
  if (near.length > 0)
    return {
      ...nothing,
      sentences: near.map(
        (one) =>
          `${spoken(one)} is too close to its limit to be sure: the next run may come out otherwise${furtherRequests(one)}.`,
      ),
      panel: panelOf(near[0]?.id),
    };
  return {
    ...nothing,
    sentences: ['Nothing broke, and nothing came close to its limit.'],
    panel: null,
  };
}

const furtherRequests = ({ needed }: ObjectiveVerdict) =>
  needed?.more80 == null ? '' : ` (${countOf(needed.more80, 'more request')} would likely decide)`;

// ---------------------------------------------------------------------------------------------- the first moment

interface Broke {
  readonly panel: Panel;
  readonly line: Line;
  readonly step: number;
  readonly isFromTheStart: boolean;
}

/** Beyond the limit, and not for a single step only; so from the start when it was never within for three steps before. */
function firstBeyond({ panel, lines }: Course, { id, target }: ObjectiveVerdict): Broke[] {
  const limit = panel.limits.find((one) => one.level === 'target' && one.limit.text === target)?.limit;
  const percentile = /p\d+/.exec(id)?.[0];
  const line = lines.find(({ label }) => label.startsWith(percentile ?? '')) ?? lines[0];
  if (limit === undefined || line === undefined) return [];
  const isBeyond = (value: number | null | undefined) =>
    value != null && (limit.comparison.startsWith('<') ? value > limit.value : value < limit.value);
  const step = line.values.findIndex(
    (value, index) =>
      isBeyond(value) && (isBeyond(line.values[index + 1]) || isBeyond(line.values[index + 2])),
  );
  if (step === -1) return [];
  return [{ panel, line, step, isFromTheStart: present(line.values.slice(0, step)).length < LEAST_BEFORE }];
}

const LEAST_BEFORE = 3;
const AFTER_STEPS = 10;
const MOST_TOLD = 5;
/** So many times its usual spread must a line have moved to be worth telling. */
const NOTICEABLE = 4;

/** What moved most, in terms of how much it moved before: the level after the moment against that before it. */
function movedWith({ step, panel: broken }: Broke, courses: readonly Course[]): readonly Moved[] {
  const found = courses.flatMap(({ panel, lines }) => {
    if (NOT_COMPARED.includes(panel.drawing) || NEVER_TOLD.includes(panel.id)) return [];
    // Other lines of what broke say the same again.
    if (panel.id === broken.id || (LATENCIES.includes(panel.id) && LATENCIES.includes(broken.id))) return [];
    return lines.flatMap((one) => {
      const [before, after] = [
        present(one.values.slice(0, step)),
        present(one.values.slice(step, step + AFTER_STEPS)),
      ];
      if (before.length < LEAST_BEFORE || after.length === 0) return [];
      const [was, is] = [mean(before), mean(after)];
      const spread = deviation(before, was) + 0.05 * Math.abs(was) + 1e-9;
      const by = Math.abs(is - was) / spread;
      const told = `${one.label} ${formatNumber(was, panel.unit)} before, ${formatNumber(is, panel.unit)} after`;
      return by >= NOTICEABLE ? [{ by, panel, told }] : [];
    });
  });
  const best = new Map<string, (typeof found)[number]>();
  for (const one of found.sort((a, b) => a.by - b.by)) best.set(one.panel.id, one);
  return [...best.values()].sort((a, b) => b.by - a.by).slice(0, MOST_TOLD);
}

const LATENCIES = ['api-latency', 'client-latency'];
/** One that only rises, and one that is what was done, not what came of it. */
const NEVER_TOLD = ['total-predictions', 'offered-rate'];
const NOT_COMPARED: readonly Panel['drawing'][] = [
  'heat',
  'pie',
  'bars',
  'gauges',
  'histogram',
  'matrix',
  'timeline',
  'verdicts',
];

const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
const deviation = (values: readonly number[], around: number) =>
  Math.sqrt(mean(values.map((one) => (one - around) ** 2)));
