/**
 * The compact notation of the judging cases.
 *
 * A series is written as its name and labels, as in PromQL: `http_requests_total{status="200"}`. Its values
 * are one of
 *
 *   0 -> 1500         constant at 0 up to the scrape that opens the window, then growing evenly (integers
 *                     stay integers) to 1500 at the scrape that closes it, and constant after that
 *   at 10=0 30=200    0 up to the scrape at 10 s, from there evenly to 200 at 30 s; any number of points
 *   always 1          the same at every scrape
 *   0*2 5+5*3 _ 20    one value per scrape, from the first: `a*2` is a and two more of it, `a+b*3` is a and
 *                     three more, each larger by b, `_` is a scrape that stored nothing, `_*2` are two of
 * these,
 *                     `@40` is second 40 as a process start time, in Unix seconds
 *
 * Either may be followed by changes, by the scrape times in seconds: `; 40=NaN`, `; 20..30=_` (inclusive).
 */

/** When a replica is scraped, and which of these scrapes open and close the window. */
export interface Schedule {
  readonly times: readonly number[];
  readonly openSeconds: number;
  readonly closeSeconds: number;
}

export function scheduleOf(
  every: number,
  first: number,
  last: number,
  window: { readonly from: number; readonly to: number },
): Schedule {
  const times = Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, index) =>
    Number((first + index * every).toFixed(3)),
  );
  return {
    times,
    openSeconds: times.findLast((time) => time <= window.from) ?? first,
    closeSeconds: times.find((time) => time >= window.to) ?? last,
  };
}

/** Values in Prometheus's notation; null if the scrape stored no value. */
type Values = (string | null)[];

/** Parses a values text into samples on a schedule. Throws with the text that it cannot parse. */
export function readValues(text: string, schedule: Schedule): [number, string][] {
  const [base = '', ...changes] = text.split(';').map((part) => part.trim());
  const values = baseValues(base, schedule);
  if (values.length > schedule.times.length)
    throw new Error(`"${base}" has ${values.length} values for ${schedule.times.length} scrapes`);
  for (const change of changes) applyChange(values, change, schedule);
  return schedule.times.flatMap((time, index): [number, string][] => {
    const value = values[index] ?? null;
    return value === null ? [] : [[time, value]];
  });
}

function baseValues(text: string, schedule: Schedule): Values {
  if (text.includes('->')) return growth(text, schedule);
  if (text.startsWith('at ')) return between(text, schedule.times);
  const [always, value] = text.split(' ');
  return always === 'always' ? schedule.times.map(() => value!) : listed(text);
}

function growth(text: string, { times, openSeconds, closeSeconds }: Schedule): Values {
  const [from, to] = text.split('->').map(Number);
  if (from === undefined || to === undefined || Number.isNaN(from + to))
    throw new Error(`"${text}" is not growth: write it as "0 -> 1500"`);
  const whole = Number.isInteger(from) && Number.isInteger(to);
  return times.map((time) => {
    const part = Math.min(1, Math.max(0, (time - openSeconds) / (closeSeconds - openSeconds)));
    const value = part === 1 ? to : from + (to - from) * part;
    return String(whole ? Math.floor(value) : value);
  });
}

/** If the values at the points are integers, so are the values between them. */
function between(text: string, times: readonly number[]): Values {
  const points = text
    .split(/\s+/)
    .slice(1)
    .map((point) => point.split('=').map(Number) as [number, number]);
  if (points.flat().some(Number.isNaN) || points.length < 2)
    throw new Error(`"${text}" are not points: write them as "at 10=0 30=200"`);
  const whole = points.every(([, value]) => Number.isInteger(value));
  return times.map((time) => {
    const next = points.findIndex(([at]) => at > time);
    if (next <= 0) return String(points.at(next === 0 ? 0 : -1)![1]);
    const [[from, low], [to, high]] = [points[next - 1]!, points[next]!];
    const value = low + ((high - low) * (time - from)) / (to - from);
    return String(whole ? Math.floor(value) : value);
  });
}

const NUMBER = '-?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|Inf|NaN)|\\+Inf|@-?\\d+(?:\\.\\d+)?';
const TERM = new RegExp(`^(?:(${NUMBER})(?:([+-]\\d+(?:\\.\\d+)?))?|(_))(?:\\*(\\d+))?$`);

function listed(text: string): Values {
  return text
    .split(/\s+/)
    .filter((term) => term !== '')
    .flatMap((term) => {
      const match = TERM.exec(term);
      if (match === null) throw new Error(`"${term}" is not a value: write it as 5, 5*3, 0+5*3, NaN or _`);
      const [, first, step, missing, times] = match;
      const count = Number(times ?? 0) + 1;
      return Array.from({ length: missing ? Math.max(1, count - 1) : count }, (_, index) =>
        missing ? null : step ? String(Number(first) + index * Number(step)) : first!,
      );
    });
}

function applyChange(values: Values, change: string, { times }: Schedule): void {
  const match = /^([\d.]+?)(?:\.\.([\d.]+))?\s*=\s*(\S+)$/.exec(change);
  if (match === null)
    throw new Error(`"${change}" is not a change: write it as "40=NaN", "20..30=_" or "20..30=5"`);
  const [low, high] = [Number(match[1]), Number(match[2] ?? match[1])];
  const hit = times.flatMap((time, index) => (time >= low && time <= high ? [index] : []));
  if (hit.length === 0) throw new Error(`"${change}" names no scrape: they are at ${times.join(', ')}`);
  for (const index of hit) values[index] = match[3] === '_' ? null : match[3]!;
}

/** `up{job="a"}` → labels, with the name as `__name__`. */
export function readLabels(text: string): Record<string, string> {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?$/.exec(text.trim());
  if (match === null) throw new Error(`"${text}" is no series: write it as name{label="value"}`);
  const labels: Record<string, string> = { __name__: match[1]! };
  for (const [, label, , value] of matchersOf(match[2] ?? '')) labels[label!] = value!;
  return labels;
}

const matchersOf = (text: string) => [...text.matchAll(/(\w+)(=~|=)"((?:[^"\\]|\\.)*)"/g)];

/** Whether a vector selector, as written in the plan, selects these labels. */
export function selects(selector: string, labels: Readonly<Record<string, string>>): boolean {
  const [name, rest = ''] = selector.split(/\{(.*)\}$/s);
  return (
    labels.__name__ === name &&
    matchersOf(rest).every(([, label, how, value]) => {
      const own = labels[label!] ?? '';
      const wanted = value!.replace(/\\(["\\])/g, '$1');
      return how === '=' ? own === wanted : new RegExp(`^(?:${wanted})$`).test(own);
    })
  );
}
