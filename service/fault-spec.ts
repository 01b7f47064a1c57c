import type { Problem } from './problem.ts';

/** Faults to inject for testing the gate itself. Pure data; `faults.ts` applies it. */
export interface Faults {
  /** The specification as given, for logs and `/health/ready`. */
  readonly spec: string;
  /** Delay that is added to every prediction request. */
  readonly latencyMs?: number;
  /** The minimum duration of every prediction request, from its arrival to its response. */
  readonly latencyToMs?: number;
  /** The minimum duration of a share of the prediction requests, evenly distributed. */
  readonly tail?: { readonly percent: number; readonly toMs: number };
  /** Share of prediction requests that fail, in percent, evenly distributed. */
  readonly errorPercent?: number;
  /** The mean to which confidences are lowered. */
  readonly confidenceMean?: number;
}

type Settings = Omit<Faults, 'spec'>;

/** Parses the value of one word. Returns the resulting settings, or a description of the problem. */
type WordReader = (value: string) => Settings | string;

const maxLatencyMs = 60_000;

/** Every word of a specification. To add a fault, add an entry. */
const words: Readonly<Record<string, WordReader>> = {
  latency: (value) => {
    const latencyMs = readDelay(value);
    return typeof latencyMs === 'string' ? latencyMs : { latencyMs };
  },
  'latency-to': (value) => {
    const latencyToMs = readDelay(value);
    return typeof latencyToMs === 'string' ? latencyToMs : { latencyToMs };
  },
  tail: (value) => {
    const [share = '', delay = '', ...rest] = value.split('@');
    const percent = readPercent(share);
    if (percent === undefined || rest.length > 0) return 'is not a share and a duration, such as 1.5%@600ms';
    if (percent > 100) return 'is outside 0% to 100%';
    const toMs = readDelay(delay);
    return typeof toMs === 'string' ? toMs : { tail: { percent, toMs } };
  },
  errors: (value) => {
    const errorPercent = readPercent(value);
    if (errorPercent === undefined) return 'is not a percentage such as 2% or 0.8%';
    return errorPercent <= 100 ? { errorPercent } : 'is outside 0% to 100%';
  },
  confidence: (value) => {
    const confidenceMean = readDecimal(value);
    if (confidenceMean === undefined) return 'is not a number such as 0.80';
    return confidenceMean >= 0.5 && confidenceMean <= 1 ? { confidenceMean } : 'is outside 0.5 to 1';
  },
};

/**
 * Parses `latency=250ms,errors=2%,confidence=0.80`: any of the words, each at most once. Returns every problem at once; a
 * problem's path is the word it concerns.
 */
export function parseFaults(spec: string): Faults | Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  let settings: Settings = {};
  for (const part of spec.split(',')) {
    const { word, value } = splitPart(part);
    const outcome = seen.has(word) ? `"${word}" is given twice; keep one` : readPart(word, value);
    seen.add(word);
    if (typeof outcome === 'string') problems.push(problem(word, outcome));
    else settings = { ...settings, ...outcome };
  }
  return problems.length > 0 ? problems : { spec, ...settings };
}

function splitPart(part: string): { word: string; value: string | undefined } {
  const at = part.indexOf('=');
  if (at < 0) return { word: part.trim(), value: undefined };
  return { word: part.slice(0, at).trim(), value: part.slice(at + 1).trim() };
}

function readPart(word: string, value: string | undefined): Settings | string {
  const known = Object.keys(words).join(', ');
  if (word === '') return `empty part; write word=value, with one of these words: ${known}`;
  if (!Object.hasOwn(words, word)) return `"${word}" is not a known fault; known faults: ${known}`;
  if (value === undefined) return `"${word}" has no value; write ${word}=…`;
  const outcome = words[word]!(value);
  return typeof outcome === 'string' ? `${word}: "${value}" ${outcome}` : outcome;
}

function problem(path: string, message: string): Problem {
  return { code: 'bad_fault', path, message };
}

function readDecimal(value: string): number | undefined {
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

function readPercent(value: string): number | undefined {
  return value.endsWith('%') ? readDecimal(value.slice(0, -1)) : undefined;
}

/** Milliseconds of a delay, or what is wrong with it. */
function readDelay(value: string): number | string {
  const delayMs = readDurationMs(value);
  if (delayMs === undefined) return 'is not a duration such as 250ms or 1.5s';
  return delayMs <= maxLatencyMs ? delayMs : `exceeds the maximum of ${maxLatencyMs} ms`;
}

function readDurationMs(value: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(value);
  if (match === null) return undefined;
  return Number(match[1]) * (match[2] === 's' ? 1000 : 1);
}
