import { isAbsolute, join, relative, resolve } from 'node:path';
import { type ParsedDocument, parseDocument } from '../../slas/document/document.ts';
import {
  CONFIDENCE_FORM,
  readConfidence as confidenceIn,
  isDuration,
  isRate,
  parseDuration,
  parseRate,
} from '../../slas/document/limits.ts';
import type { Problem, SlaDocument } from '../../slas/model/model.ts';
import { fail, ok, type Result } from '../../slas/model/result.ts';
import type { PlanOverrides } from '../../slas/plan/planned-load.ts';
import { printableLine } from '../../slas/render/printable.ts';
import type { Io } from './io.ts';
import { NoText, readUserText } from './user-text.ts';

/** A problem and its file. Problems of options have no file. */
export type PlacedProblem = Problem & { readonly file?: string };
/** Parsed user input, or all problems with it. */
export type Input<T> = Result<T, readonly PlacedProblem[]>;

export const accept = <T>(value: T): Input<T> => ok(value);
export const refuse = (...problems: readonly PlacedProblem[]) => fail(problems);
export const badOption = (option: string, message: string) =>
  refuse({ code: 'bad-option', path: option, message });

export const SHIPPED_DOCUMENT = join('slas', 'documents', 'sentiment-api.yaml');

/** Resolves a path that the user gave against the working directory. Our own paths are relative to the project. */
export const userPath = (io: Io, path: string) => (isAbsolute(path) ? path : resolve(io.cwd, path));
/** The folder that contains the run folders. */
export const runsFolder = (io: Io, out: string | undefined) =>
  out === undefined ? join(io.project, 'runs') : userPath(io, out);
export const shortPath = (io: Io, path: string) => {
  const short = relative(io.cwd, path);
  return short.startsWith('..') ? path : short;
};

export interface ReadDocument {
  readonly document: SlaDocument;
  readonly file: string;
  readonly text: string;
}

export async function readDocument(io: Io, path: string | undefined): Promise<Input<ReadDocument>> {
  if (path === undefined && io.isInstalled)
    return badOption(
      '--sla',
      'name an SLA document with --sla FILE; ./sla init writes one for a running service',
    );
  const file = path === undefined ? join(io.project, SHIPPED_DOCUMENT) : userPath(io, path);
  const shown = path ?? SHIPPED_DOCUMENT;
  let text: string;
  let parsed: ParsedDocument;
  try {
    text = await readUserText(file, io.signal);
    parsed = parseShallow(text);
  } catch (error) {
    if (!(error instanceof NoText)) throw error;
    const message = `the SLA document cannot be read: ${error.message}`;
    return refuse({ code: 'unreadable', path: '', file: shown, message });
  }
  if (!parsed.ok) return refuse(...parsed.error.map((problem) => ({ ...problem, file: shown })));
  return accept({ document: parsed.value, file, text });
}

/** The YAML parser is recursive, so a deeply nested document overflows the stack. */
function parseShallow(text: string): ParsedDocument {
  try {
    return parseDocument(text);
  } catch (error) {
    if (error instanceof RangeError) throw new NoText('it is nested too deeply');
    throw error;
  }
}

/** Formats problems like compilers do, as `file:line:column: message`, so that editors can jump to the position. */
export function formatProblem({ file, line, column, path, message }: PlacedProblem): string {
  const place =
    file === undefined ? path : [file, line, column].filter((part) => part !== undefined).join(':');
  const text = place === '' ? message : `${place}: ${message}`;
  // Quoted text may contain any bytes. They must not control the terminal or start a new line.
  return printableLine(text);
}

export interface LoadOptions {
  readonly confidence?: string;
  readonly rate?: string;
  readonly duration?: string;
  /**
   * Whether to look at the run while it lasts and stop it once it is decided. false: never, even if the scenario requests
   * it.
   */
  readonly untilDecided?: boolean;
  /** With `untilDecided`, the maximum duration; otherwise an upper bound on the planned duration. */
  readonly maxDuration?: string;
}

export function readOverrides({
  rate,
  duration,
  confidence: confidenceText,
  untilDecided,
  maxDuration,
}: LoadOptions): Input<PlanOverrides> {
  const ratePerSecond = rate === undefined ? undefined : parseRate(rate);
  const durationSeconds = duration === undefined ? undefined : parseDuration(duration);
  if (ratePerSecond !== undefined && !isRate(ratePerSecond)) {
    return badOption('--rate', `"${rate}" is not a valid rate (0.01/s to 10000/s): write it as 25 or 25/s`);
  }
  if (durationSeconds !== undefined && !isDuration(durationSeconds)) {
    return badOption(
      '--duration',
      `"${duration}" is not a valid duration (1s to 24h): write it as 60s or 5m`,
    );
  }
  const confidence = readConfidence(confidenceText);
  if (!confidence.ok) return confidence;
  const isUntilDecided = untilDecided === true;
  if (isUntilDecided && duration !== undefined && maxDuration !== undefined)
    return badOption(
      '--duration',
      'a run that lasts until it is decided has only a maximum duration: leave out --duration or --max-duration',
    );
  const maxSeconds = maxDuration === undefined ? null : parseDuration(maxDuration);
  if (isUntilDecided && maxDuration !== undefined && !isDuration(maxSeconds))
    return badOption(
      '--max-duration',
      `"${maxDuration}" is not a valid duration (1s to 24h): write it as 60s or 5m`,
    );
  return accept({
    ...confidence.value,
    ...(ratePerSecond == null ? {} : { ratePerSecond }),
    ...(durationSeconds == null ? {} : { durationSeconds }),
    ...(isUntilDecided ? { untilDecided: maxSeconds === null ? {} : { maxSeconds } } : {}),
    ...(untilDecided === false ? { untilDecided: null } : {}),
  });
}

/** Parses `0.95` or `95%`, from 0.9 up to but excluding 1. Returns an empty object if the option was not given. */
export function readConfidence(text: string | undefined): Input<{ confidence?: number }> {
  if (text === undefined) return accept({});
  const confidence = confidenceIn(/^0?\.\d+$/.test(text) ? Number(text) : text);
  if (confidence !== null) return accept({ confidence });
  return badOption('--confidence', `"${text}" is not ${CONFIDENCE_FORM}`);
}

/**
 * The reviewed document sets the confidence. The command line may raise it, but must not lower it.
 * @param said the confidence in `place`; null: the observed value decides, so any confidence makes a pass harder
 */
export function checkConfidence(
  { confidence }: PlanOverrides,
  said: number | null,
  place: string,
): readonly PlacedProblem[] {
  if (confidence === undefined || said === null || confidence >= said) return [];
  const message = `${confidence} is lower than the confidence of ${place} (${said}), which would make it easier to pass: leave the option out, or use a higher value`;
  return badOption('--confidence', message).error;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** The maximum ingest delay is an hour, because every wait must be bounded. */
const MAX_INGEST_DELAY_SECONDS = 3600;

/** The problem with `--ingest-delay`. */
export function checkIngestDelay(text: string | undefined): readonly PlacedProblem[] {
  if (text === undefined) return [];
  const seconds = parseDuration(text);
  if (seconds !== null && seconds >= 0 && seconds <= MAX_INGEST_DELAY_SECONDS) return [];
  return badOption('--ingest-delay', `"${text}" is not a valid duration (0s to 1h): write it as 30s or 2m`)
    .error;
}

/** Parses a time: RFC 3339 with a time zone, or Unix seconds. */
export function readTime(option: string, text: string): Input<number> {
  if (/^\d{1,12}(\.\d+)?$/.test(text)) return accept(Number(text));
  const [, year, month, day] = RFC_3339.exec(text) ?? [];
  const seconds = Date.parse(text.replace(' ', 'T')) / 1000;
  // Without this check, the 30th of February would be parsed as the 2nd of March.
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (year !== undefined && Number(day) <= lastDay && Number.isFinite(seconds)) return accept(seconds);
  return badOption(
    option,
    `"${text}" is not a valid time: write RFC 3339 with a zone (2026-11-23T05:31:02Z) or Unix seconds`,
  );
}

export function readPort(text: string): Input<number> {
  if (/^\d+$/.test(text) && Number(text) <= 65_535) return accept(Number(text));
  return badOption('--port', `"${text}" is not a valid port: write 0 (any free port) to 65535`);
}
