import type { Limit, ObjectiveVerdict, PlannedObjective } from '../../slas/model/model.ts';
import { formatInterval, formatValue } from '../../slas/render/numbers.ts';
import { withoutComparison } from './format.ts';
import { type Html, html, raw } from './html.ts';

/** An objective on a scale: the target, the alert threshold, the measured value and its bounds. */

interface Mark {
  readonly at: number;
  readonly label: string;
  readonly level: 'target' | 'alert';
}

interface Track {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly marks: readonly Mark[];
  /** Whether the objective is met by values above the target instead of below it. */
  readonly isFloor: boolean;
  readonly value: number | null;
  readonly valueLabel: string;
  /** The confidence bounds, or the bucket that contains the value. */
  readonly span: readonly [number, number] | null;
  readonly spanLabel: string;
}

export function objectiveScale(objective: ObjectiveVerdict, planned: PlannedObjective): Html {
  const tracks =
    planned.measure.kind === 'latency'
      ? [timeTrack(objective, planned), shareTrack(objective, planned.measure.percentile)]
      : [valueTrack(objective, planned)];
  const description = tracks.map(words).join('; ');
  return html`<div class="scale" role="img" aria-label="${description}">${tracks.map(drawn)}</div>`;
}

const isFloor = ({ comparison }: Limit) => comparison.startsWith('>');

const marksOf = ({ target, alert }: PlannedObjective): readonly Mark[] => [
  { at: target.value, label: bare(target), level: 'target' },
  ...(alert === null ? [] : [{ at: alert.value, label: `alert ${bare(alert)}`, level: 'alert' as const }]),
];

/** The limit without its comparison sign, because the colours already show on which side the objective is met. */
const bare = ({ text }: Limit) => withoutComparison(text);

// ---------------------------------------------------------------------------------------------- tracks

/** The percentile, and the bucket that contains it. */
function timeTrack({ value, bucket }: ObjectiveVerdict, planned: PlannedObjective): Track {
  const marks = marksOf(planned);
  const high = 1.2 * Math.max(...marks.map(({ at }) => at), value ?? 0);
  const span = bucket === null ? null : ([bucket[0], bucket[1] ?? high] as const);
  return {
    name: `p${planned.measure.kind === 'latency' ? planned.measure.percentile : ''}`,
    low: 0,
    high,
    marks,
    isFloor: false,
    value,
    valueLabel: value === null ? '' : formatValue(value, 'seconds'),
    span,
    spanLabel:
      bucket === null
        ? ''
        : bucket[1] === null
          ? `over ${formatValue(bucket[0], 'seconds')}`
          : `between ${formatValue(bucket[0], 'seconds')} and ${formatValue(bucket[1], 'seconds')}`,
  };
}

/** The judged quantity of a latency: the share of responses within the limit. */
function shareTrack({ share, interval, target }: ObjectiveVerdict, percentile: number): Track {
  const needed = percentile / 100;
  const seen = [needed, ...(share === null ? [] : [share]), ...(interval === null ? [] : [interval.low])];
  const low = Math.max(
    0,
    Math.min(needed - 2 * (1 - needed), Math.min(...seen) - 0.1 * (1 - Math.min(...seen))),
  );
  return {
    name: 'within',
    low,
    high: 1,
    marks: [{ at: needed, label: `${percentile}% needed`, level: 'target' }],
    isFloor: true,
    value: share,
    valueLabel: share === null ? '' : `${formatValue(share, 'ratio')} within ${withoutComparison(target)}`,
    span: interval === null ? null : [interval.low, interval.high],
    spanLabel: interval === null ? '' : `bounds ${formatInterval(interval, 'seconds', target)}`,
  };
}

function valueTrack(objective: ObjectiveVerdict, planned: PlannedObjective): Track {
  const { value, interval, unit, target } = objective;
  const marks = marksOf(planned);
  const seen = [
    ...marks.map(({ at }) => at),
    ...(value === null ? [] : [value]),
    ...(interval === null ? [] : [interval.low, interval.high]),
  ];
  const [min, max] = [Math.min(...seen), Math.max(...seen)];
  const room = 0.2 * (max - min || max || 1);
  const isNearOne = planned.unit === 'ratio' && min >= 0.5;
  const isMean = unit === 'ratio' && !target.includes('%');
  return {
    name: '',
    low: isNearOne ? Math.max(0, min - room) : 0,
    high: isNearOne ? 1 : max + room,
    marks,
    isFloor: isFloor(planned.target),
    value,
    valueLabel: value === null ? '' : isMean ? formatValue(value, 'number') : formatValue(value, unit),
    span: interval === null ? null : [interval.low, interval.high],
    spanLabel: interval === null ? '' : `bounds ${formatInterval(interval, unit, target)}`,
  };
}

// ---------------------------------------------------------------------------------------------- drawing

const words = ({ name, marks, valueLabel, spanLabel }: Track) =>
  [name, valueLabel || 'no value measured', spanLabel, ...marks.map(({ label }) => label)]
    .filter((part) => part !== '')
    .join(', ');

function drawn(track: Track): Html {
  const { low, high, marks, value, span } = track;
  const part = (at: number) => (100 * (Math.min(high, Math.max(low, at)) - low)) / (high - low);
  const box = (kind: string, from: number, to: number) =>
    raw(
      `<i class="${kind}" style="left:${part(from).toFixed(2)}%;width:${Math.max(0, part(to) - part(from)).toFixed(2)}%"></i>`,
    );
  const target = marks.find(({ level }) => level === 'target')!.at;
  const alert = marks.find(({ level }) => level === 'alert')?.at ?? null;
  return html`<div class="track">
    ${track.isFloor ? box('good', target, high) : box('good', low, target)}
    ${alert === null ? null : track.isFloor ? box('beyond', low, alert) : box('beyond', alert, high)}
    ${span === null ? null : box('span', span[0], span[1])}
    ${marks.map((mark) => tick(mark, part(mark.at), track))}
    ${value === null ? null : raw(`<b class="dot" style="left:${part(value).toFixed(2)}%"></b>`)}
  </div>`;
}

/** The target's label is on the side where the objective is met, the alert's on the other, unless there is no space. */
function tick({ label, level }: Mark, percent: number, { isFloor: over }: Track): Html {
  const wantsRight = (level === 'target') === over;
  const isRight = wantsRight ? percent < 80 : percent < 18;
  return html`<span class="tick ${level} ${isRight ? 'right' : 'left'}" style="left:${percent.toFixed(2)}%"><em>${label}</em></span>`;
}
