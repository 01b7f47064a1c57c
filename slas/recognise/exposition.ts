/** Parses what a service exposes at `/metrics`: Prometheus's text format, and OpenMetrics. */

export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The metrics of a service, from an exposition text or from a Prometheus that stores them. */
export interface Exposed {
  readonly samples: readonly ExposedSample[];
  /** `histogram`, `counter`, …, by the name after `# TYPE`. */
  readonly types: ReadonlyMap<string, string>;
  /** By the name after `# UNIT`. */
  readonly units: ReadonlyMap<string, string>;
  /** Names of histograms that are stored natively, without series for their buckets. */
  readonly natives: ReadonlySet<string>;
}

const COMMENT = /^#\s*(TYPE|UNIT)\s+(\S+)\s+(\S+)/;
const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;

/**
 * Lines that are not in the format are skipped: one odd line must not hide everything else. What follows a
 * value (a time, an exemplar) is not needed.
 */
export function parseExposition(text: string): Exposed {
  const types = new Map<string, string>();
  const units = new Map<string, string>();
  const samples: ExposedSample[] = [];
  for (const line of text.split('\n')) {
    const comment = COMMENT.exec(line);
    if (comment !== null) (comment[1] === 'TYPE' ? types : units).set(comment[2]!, comment[3]!);
    else if (!line.startsWith('#')) samples.push(...sampleOf(line.trim()));
  }
  return { samples, types, units, natives: nativesOf(types, samples) };
}

function sampleOf(line: string): readonly ExposedSample[] {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) return [];
  const labels: Record<string, string> = {};
  let at = name.length;
  if (line[at] === '{') {
    const end = readLabels(line, at + 1, labels);
    if (end === null) return [];
    at = end;
  }
  const [written] = line.slice(at).trim().split(/\s+/);
  const value = numberOf(written ?? '');
  return value === null || Number.isNaN(value) ? [] : [{ name, labels, value }];
}

const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?/y;

/** Returns the position after the closing brace; null if the labels cannot be read. */
function readLabels(line: string, start: number, labels: Record<string, string>): number | null {
  let at = start;
  for (;;) {
    LABEL.lastIndex = at;
    const found = LABEL.exec(line);
    if (found === null) break;
    labels[found[1]!] = unescaped(found[2]!);
    at = LABEL.lastIndex;
  }
  const end = /^\s*\}/.exec(line.slice(at));
  return end === null ? null : at + end[0].length;
}

const unescaped = (text: string) =>
  text.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));

const SPECIAL: Readonly<Record<string, number>> = {
  '+Inf': Number.POSITIVE_INFINITY,
  Inf: Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
};

export function numberOf(text: string): number | null {
  if (Object.hasOwn(SPECIAL, text)) return SPECIAL[text]!;
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isNaN(value) ? null : value;
}

/** In a text, a native histogram has a single classic bucket, `+Inf`, because the text has no form for it. */
function nativesOf(types: ReadonlyMap<string, string>, samples: readonly ExposedSample[]): Set<string> {
  const finite = new Set<string>();
  const any = new Set<string>();
  for (const { name, labels } of samples) {
    if (!name.endsWith('_bucket') || labels.le === undefined) continue;
    const histogram = name.slice(0, -'_bucket'.length);
    any.add(histogram);
    if (Number.isFinite(numberOf(labels.le) ?? Number.NaN)) finite.add(histogram);
  }
  return new Set([...any].filter((name) => !finite.has(name) && types.get(name) === 'histogram'));
}
