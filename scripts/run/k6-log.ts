import { readFile } from 'node:fs/promises';
import { formatCount } from '../../slas/render/numbers.ts';

/** The errors in k6's log: `time="…" level=error msg="…" scenario=hold source=stacktrace`. */
export interface ErrorLog {
  /** The number of exceptions in iterations. k6 continues after an exception, and reports it only in this log. */
  readonly inIterations: number;
  /** The message of the first exception. */
  readonly firstInIteration: string | null;
  /** Exceptions in `setup()`, `teardown()` and `handleSummary()`. */
  readonly outside: readonly string[];
  /** The first error of k6 itself or of the whole script; otherwise the first that the script logged. */
  readonly first: string | null;
  /** The number of iterations that k6 interrupted; null if k6 did not report it. */
  readonly interrupted: number | null;
  /** Whether thresholds were crossed at the end of the test without stopping it. */
  readonly isCrossedAtEnd: boolean;
}

/** @param root the path of the project, which is removed from file names in messages */
export async function readErrors(logFile: string, root: string): Promise<ErrorLog> {
  let text = '';
  try {
    text = await readFile(logFile, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return errorsIn(text, root);
}

export function errorsIn(log: string, root: string): ErrorLog {
  const lines = log.split('\n').filter((line) => line.includes('level=error '));
  const errors = lines.map(fieldsOf);
  const inside = errors.filter(({ source, scenario }) => source === 'stacktrace' && scenario !== undefined);
  const outside = errors.filter(({ source, scenario }) => source === 'stacktrace' && scenario === undefined);
  const own = errors.filter(({ source, scenario }) => source !== 'console' && scenario === undefined);
  const first = own[0] ?? inside[0] ?? errors[0];
  return {
    inIterations: inside.length,
    firstInIteration: inside.length === 0 ? null : inWords(inside[0]!, root),
    outside: outside.map((one) => inWords(one, root)),
    first: first === undefined ? null : inWords(first, root),
    interrupted: interruptedIn(log),
    isCrossedAtEnd: own.some(({ msg = '' }) => /^thresholds on metrics .* have been crossed/.test(msg)),
  };
}

/** k6's progress, whose last line is the result: `running (3.0s), 00/13 VUs, 11 complete and 6 interrupted iterations`. */
function interruptedIn(log: string): number | null {
  const found = [...log.matchAll(/^running \(.*\), .* complete and (\d+) interrupted iterations$/gm)].at(-1);
  return found === undefined ? null : Number(found[1]);
}

type Fields = Readonly<Record<string, string>>;

function fieldsOf(line: string): Fields {
  const found = line.matchAll(/([\w-]+)=("(?:[^"\\]|\\.)*"|\S*)/g);
  return Object.fromEntries([...found].map(([, name, text]) => [name, unquoted(text!)]));
}

/** Unescapes a Go string. Go's escapes are those of JSON, except `\x1b` and similar ones, which stay unchanged. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

/** k6 logs file names as URLs, in which a space is `%20`. */
function decoded(url: string): string {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}

/** A longer message is omitted instead of truncated, because redaction would not recognise half a secret. */
const MAX_CHARACTERS = 2_000;

/** The first line of an exception and its position: `Error: no token at setup (loadtests/peak.ts:5:9)`. */
function inWords({ msg = '', error }: Fields, root: string): string {
  const [message = '', ...frames] = (error === undefined ? msg : `${msg}: ${error}`).split('\n');
  const found = frames.find((frame) => frame.includes('file://'))?.trim();
  const place = found === undefined ? undefined : decoded(found);
  // The problems of a script's options are listed in the lines below k6's message.
  const listed = frames.filter((frame) => frame.startsWith('\t- ')).map((frame) => frame.slice(3));
  const whole = [
    message,
    ...(listed.length === 0 ? [] : [listed.join(', ')]),
    ...(place === undefined ? [] : [place]),
  ].join(' ');
  if (whole.length > MAX_CHARACTERS)
    return `a message of ${formatCount(whole.length)} characters, see the log`;
  const named = whole.replaceAll(`file://${root}/`, '').replaceAll('file://', '');
  return named.replace(/(:\d+:\d+)\(\d+\)/g, '$1');
}
