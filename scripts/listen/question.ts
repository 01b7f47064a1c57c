import { parseDuration } from '../../slas/document/limits.ts';
import { fail, ok, type Result } from '../../slas/model/result.ts';
import { readConfidence, readTime } from '../cli/inputs.ts';

/** What a request asks: a window, and the confidence of its verdict. */
export interface Question {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** Whether the window ends now, instead of at a time in the request. */
  readonly isLatest?: true;
  readonly confidence?: number;
}

/** The parameter names, which are the same in a URL's query and in a webhook's metadata. */
const NAMES = ['window', 'delay', 'from', 'to', 'confidence'] as const;
type Name = (typeof NAMES)[number];
export type Parameters = Readonly<Partial<Record<Name, string>>>;

/**
 * Without this grid, a window that ends now would end at a different time in each request. With it, a request that is
 * repeated soon after asks about the same window.
 */
const GRID_SECONDS = 10;
/** The time after which Prometheus has the scrape that closes the window. */
const DEFAULT_DELAY_SECONDS = 30;
const MIN_WINDOW_SECONDS = 10;
const MAX_WINDOW_SECONDS = 24 * 3600;
const MAX_DELAY_SECONDS = 3600;

const isKnown = (name: string) => NAMES.some((known) => known === name);
const unknownName = (name: string) =>
  fail(`"${name}" is not a parameter: use ${NAMES.slice(0, -1).join(', ')} or confidence`);

/** Unknown names are refused, because a misspelt parameter would otherwise be ignored. */
export function parametersIn(url: URL): Result<Parameters, string> {
  const entries = [...url.searchParams];
  const unknown = entries.find(([name]) => !isKnown(name));
  if (unknown !== undefined) return unknownName(unknown[0]);
  const twice = entries.find(([name], at) => entries.findIndex(([other]) => other === name) !== at);
  return twice === undefined ? ok(Object.fromEntries(entries)) : fail(`${twice[0]} is given twice`);
}

/** The parameters in a webhook's metadata, which contains only what the operator wrote for the verifier. */
export function parametersOf(metadata: unknown): Result<Parameters, string> {
  if (metadata === undefined || metadata === null) return ok({});
  if (typeof metadata !== 'object') return fail('metadata is not an object');
  const own = Object.entries(metadata);
  const unknown = own.find(([name]) => !isKnown(name));
  if (unknown !== undefined) return unknownName(`metadata.${unknown[0]}`);
  const strange = own.find(([, value]) => typeof value !== 'string');
  return strange === undefined
    ? ok(Object.fromEntries(own) as Parameters)
    : fail(`metadata.${strange[0]} is not a string`);
}

/** If a parameter is in both places, the values must be equal. Otherwise it would be unclear which one was meant. */
export function parametersOfBoth(inUrl: Parameters, inMetadata: Parameters): Result<Parameters, string> {
  const different = NAMES.find(
    (name) => inUrl[name] !== undefined && inMetadata[name] !== undefined && inUrl[name] !== inMetadata[name],
  );
  return different === undefined
    ? ok({ ...inMetadata, ...inUrl })
    : fail(`${different} has different values in the URL and in the metadata: leave one of them out`);
}

export function readQuestion(given: Parameters, nowSeconds: number): Result<Question, string> {
  const confidence = readConfidence(given.confidence);
  if (!confidence.ok) return fail(messageOf(confidence.error));
  const span = given.window === undefined ? fixed(given, nowSeconds) : latest(given, nowSeconds);
  if (!span.ok) return span;
  const [fromSeconds, toSeconds] = span.value;
  const seconds = toSeconds - fromSeconds;
  if (seconds < MIN_WINDOW_SECONDS || seconds > MAX_WINDOW_SECONDS)
    return fail(`a window of ${seconds} s cannot be judged: ask for ${MIN_WINDOW_SECONDS} s to 24 h`);
  const isLatest = given.window === undefined ? {} : { isLatest: true as const };
  return ok({ fromSeconds, toSeconds, ...isLatest, ...confidence.value });
}

const messageOf = (problems: readonly { path: string; message: string }[]) =>
  problems.map(({ path, message }) => `${path.replace('--', '')}: ${message}`).join('; ');

type Span = Result<readonly [fromSeconds: number, toSeconds: number], string>;

function fixed({ from, to, delay }: Parameters, nowSeconds: number): Span {
  if (from === undefined || to === undefined)
    return fail('the window is missing: add window=5m for the last five minutes, or from=… and to=…');
  if (delay !== undefined)
    return fail('delay applies only to window=…: leave it out, or leave out from and to');
  const [start, end] = [readTime('from', from), readTime('to', to)];
  if (!start.ok) return fail(messageOf(start.error));
  if (!end.ok) return fail(messageOf(end.error));
  if (end.value > nowSeconds) return fail('to is in the future: nothing has been measured there yet');
  return end.value > start.value ? ok([start.value, end.value]) : fail('to is not after from');
}

function latest({ window, delay, from, to }: Parameters, nowSeconds: number): Span {
  if (from !== undefined || to !== undefined)
    return fail('window=… ends now: leave it out, or leave out from and to');
  const seconds = parseDuration(window!);
  if (seconds === null) return fail(`window "${window}" is not a valid duration: write it as 5m`);
  const delaySeconds = delay === undefined ? DEFAULT_DELAY_SECONDS : parseDuration(delay);
  if (delaySeconds === null || delaySeconds < 0 || delaySeconds > MAX_DELAY_SECONDS)
    return fail(`delay "${delay}" is not a valid duration (0s to 1h): write it as 30s`);
  const end = Math.floor((nowSeconds - delaySeconds) / GRID_SECONDS) * GRID_SECONDS;
  return ok([end - seconds, end]);
}
