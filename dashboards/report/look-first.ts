import type { Limit, ObjectiveVerdict, Plan, PlannedObjective, Verdict } from '../../slas/model/model.ts';
import { countOf, formatMeasured } from '../../slas/render/numbers.ts';
import { wordsOf } from '../../slas/render/reasons/words.ts';
import type { Panel } from '../panel.ts';
import { type Grid, type Line, present, secondsAt } from './course.ts';
import { clockTime, formatNumber, intoRun, withoutComparison } from './format.ts';
import { titleAndLimit } from './sections.ts';

/** What to look at first: the missed objective, the first moment beyond its limit, and what changed at that moment. */
export interface LookFirst {
  readonly sentences: readonly string[];
  readonly moved: readonly Moved[];
  /** The panel that shows the objective, or null. */
  readonly panel: Pick<Panel, 'id' | 'title'> | null;
  /** The first moment beyond a limit, in Unix seconds; null if there is none. */
  readonly atSeconds: number | null;
}

export interface Moved {
  readonly panel: Pick<Panel, 'id' | 'title'>;
  readonly words: string;
}

/** A panel with its lines over time. */
export interface Course {
  readonly panel: Panel;
  readonly lines: readonly Line[];
}

export function lookFirst(
  verdict: Verdict,
  plan: Plan,
  courses: readonly Course[],
  grid: Grid | null,
  startSeconds: number,
): LookFirst {
  const missed = worst(verdict.objectives);
  if (missed === undefined) return withoutMiss(verdict, courses);
  const sentences = [`${titleAndLimit(missed)}: ${formatMeasured(missed)}. ${wordsOf(missed.reasons)}.`];
  const shown = courses.filter((course) => shows(course, missed));
  const planned = plan.objectives.find(({ id }) => id === missed.id);
  const first =
    planned === undefined ? undefined : shown.flatMap((course) => firstBeyond(course, planned))[0];
  const panel = shown[0]?.panel ?? null;
  if (grid === null || first === undefined || panel === null)
    return {
      sentences: [...sentences, 'The plots do not show when the limit was first exceeded.'],
      moved: [],
      panel,
      atSeconds: null,
    };
  const atSeconds = secondsAt(grid, first.step);
  const place = `at ${clockTime(atSeconds)} UTC, ${intoRun(atSeconds - startSeconds)}`;
  if (first.isFromTheStart)
    return {
      sentences: [
        ...sentences,
        `This was so from the start (${place}): look for a cause that existed before the load began.`,
      ],
      moved: [],
      panel: first.panel,
      atSeconds,
    };
  const moved = movedWith(first, courses);
  return {
    sentences: [
      ...sentences,
      `${first.line.label} first ${crossing(first.limit)} ${place}.`,
      moved.length === 0 ? 'Nothing else changed noticeably at that moment.' : 'What changed at that moment:',
    ],
    moved,
    panel: first.panel,
    atSeconds,
  };
}

/** A panel names objectives by their ids in the document; an objective that is judged in a phase has the phase in its id. */
const shows = ({ panel }: Course, { id, phase }: ObjectiveVerdict): boolean =>
  panel.objectives.some((own) => id === (phase === null ? own : `${own} · ${phase}`));

const crossing = ({ comparison, text }: Limit) =>
  `${comparison.startsWith('<') ? 'rose above' : 'fell below'} ${withoutComparison(text)}`;

const worst = (objectives: readonly ObjectiveVerdict[]) => {
  const missed = objectives.filter(({ verdict, exempt }) => verdict === 'missed' && exempt === undefined);
  return missed.find(({ severity }) => severity === 'alert') ?? missed[0];
};

// ---------------------------------------------------------------------------------------------- nothing missed

function withoutMiss(verdict: Verdict, courses: readonly Course[]): LookFirst {
  const broken = verdict.preconditions.filter(({ ok }) => ok === false);
  const undecided = verdict.objectives.filter(
    (one) => one.verdict === 'undecided' && one.exempt === undefined,
  );
  const panelOf = (one: ObjectiveVerdict) => courses.find((course) => shows(course, one))?.panel ?? null;
  const nothing = { moved: [], atSeconds: null };
  if (broken.length > 0)
    return {
      ...nothing,
      sentences: [
        'No objective was missed, but a precondition of the verdict does not hold:',
        ...broken.map(({ id, reasons }) => `${id}: ${wordsOf(reasons)}.`),
        'Fix this and run again: the figures below are not reliable.',
      ],
      panel: null,
    };
  if (undecided.length > 0)
    return {
      ...nothing,
      sentences: undecided.map(({ id, reasons }) => `${id} could not be decided: ${wordsOf(reasons)}.`),
      panel: panelOf(undecided[0]!),
    };
  const near = verdict.objectives.filter(({ nearLimit }) => nearLimit);
  if (near.length > 0)
    return {
      ...nothing,
      sentences: near.map(
        (one) =>
          `${titleAndLimit(one)} is too close to its limit to be sure: another run may have a different result${furtherRequests(one)}.`,
      ),
      panel: panelOf(near[0]!),
    };
  return {
    ...nothing,
    sentences: ['All objectives were met, and none was close to its limit.'],
    panel: null,
  };
}

const furtherRequests = ({ needed }: ObjectiveVerdict) =>
  needed?.more80 == null ? '' : ` (${countOf(needed.more80, 'more request')} would likely decide)`;

// ---------------------------------------------------------------------------------------------- the first moment

interface FirstMiss {
  readonly panel: Panel;
  readonly line: Line;
  readonly limit: Limit;
  readonly step: number;
  readonly isFromTheStart: boolean;
}

/**
 * The first step beyond the limit that is not a single spike: at least one of the next two steps is also beyond the limit. The limit was
 * exceeded from the start if fewer than three steps came before.
 */
function firstBeyond({ panel, lines }: Course, { measure, target }: PlannedObjective): FirstMiss[] {
  const limit = panel.limits.find((one) => one.level === 'target' && one.limit.text === target.text)?.limit;
  const line =
    measure.kind === 'latency' ? lines.find(({ label }) => label === `p${measure.percentile}`) : lines[0];
  if (limit === undefined || line === undefined) return [];
  const isBeyond = (value: number | null | undefined) =>
    value != null && (limit.comparison.startsWith('<') ? value > limit.value : value < limit.value);
  const step = line.values.findIndex(
    (value, index) =>
      isBeyond(value) && (isBeyond(line.values[index + 1]) || isBeyond(line.values[index + 2])),
  );
  if (step === -1) return [];
  const isFromTheStart = present(line.values.slice(0, step)).length < MIN_STEPS_BEFORE;
  return [{ panel, line, limit, step, isFromTheStart }];
}

const MIN_STEPS_BEFORE = 3;
const AFTER_STEPS = 10;
const MAX_MOVED = 5;
/** A change is reported if it is at least this many times as large as the line's variation before the moment. */
const MIN_CHANGE = 4;

/** The lines whose mean changed most at a moment, relative to their variation before the moment. */
function movedWith({ step, panel: ofMiss }: FirstMiss, courses: readonly Course[]): readonly Moved[] {
  const found = courses.flatMap(({ panel, lines }) => {
    if (NOT_COMPARED.includes(panel.drawing) || NEVER_REPORTED.includes(panel.id)) return [];
    // Other lines of the panel that shows the miss add nothing.
    if (panel.id === ofMiss.id || (LATENCIES.includes(panel.id) && LATENCIES.includes(ofMiss.id))) return [];
    return lines.flatMap((one) => {
      const [before, after] = [
        present(one.values.slice(0, step)),
        present(one.values.slice(step, step + AFTER_STEPS)),
      ];
      if (before.length < MIN_STEPS_BEFORE || after.length === 0) return [];
      const [was, is] = [mean(before), mean(after)];
      const spread = deviation(before, was) + 0.05 * Math.abs(was) + 1e-9;
      const by = Math.abs(is - was) / spread;
      const words = `${one.label} ${formatNumber(was, panel.unit)} before, ${formatNumber(is, panel.unit)} after`;
      return by >= MIN_CHANGE ? [{ by, panel, words }] : [];
    });
  });
  const best = new Map<string, (typeof found)[number]>();
  for (const one of found.sort((a, b) => a.by - b.by)) best.set(one.panel.id, one);
  return [...best.values()].sort((a, b) => b.by - a.by).slice(0, MAX_MOVED);
}

const LATENCIES = ['api-latency', 'client-latency'];
/** A total always rises, and a change of the offered rate is a cause rather than an effect. */
const NEVER_REPORTED = ['total-predictions', 'offered-rate'];
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
