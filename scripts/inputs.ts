import { readFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { parseDocument } from '../slas/document.ts';
import { parseDuration, parseRate } from '../slas/limits.ts';
import type { Problem, SlaDocument } from '../slas/model.ts';
import type { Io } from './io.ts';

/** A problem with the file that it is in; options have none. */
export type PlacedProblem = Problem & { readonly file?: string };
export type Input<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly PlacedProblem[] };

export const accept = <T>(value: T): Input<T> => ({ ok: true, value });
export const refuse = (...problems: readonly PlacedProblem[]) => ({ ok: false, problems }) as const;
export const badOption = (option: string, message: string) =>
  refuse({ code: 'bad-option', path: option, message });

export const SHIPPED_DOCUMENT = join('slas', 'documents', 'sentiment-api.yaml');

/** Paths of the person's start where they stand; ours in the project. */
export const theirPath = (io: Io, path: string) => (isAbsolute(path) ? path : resolve(io.cwd, path));
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
  const file = path === undefined ? join(io.root, SHIPPED_DOCUMENT) : theirPath(io, path);
  const shown = path ?? SHIPPED_DOCUMENT;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    return refuse({
      code: 'unreadable',
      path: '',
      file: shown,
      message: `the SLA document cannot be read: ${why}`,
    });
  }
  const parsed = parseDocument(text);
  if (!parsed.ok) return refuse(...parsed.problems.map((problem) => ({ ...problem, file: shown })));
  return accept({ document: parsed.document, file, text });
}

/** `file:line:column: message`, as compilers tell it, so that editors can jump there. */
export function tellProblem({ file, line, column, path, message }: PlacedProblem): string {
  const place =
    file === undefined ? path : [file, line, column].filter((part) => part !== undefined).join(':');
  return place === '' ? message : `${place}: ${message}`;
}

const LONGEST_SECONDS = 24 * 3600;
const MOST_PER_SECOND = 10_000;

export interface LoadOptions {
  readonly rate?: string;
  readonly duration?: string;
}

export function readOverrides({
  rate,
  duration,
}: LoadOptions): Input<{ ratePerSecond?: number; durationSeconds?: number }> {
  const ratePerSecond = rate === undefined ? undefined : (parseRate(rate) ?? 0);
  const durationSeconds = duration === undefined ? undefined : (parseDuration(duration) ?? 0);
  if (ratePerSecond !== undefined && !(ratePerSecond > 0 && ratePerSecond <= MOST_PER_SECOND)) {
    return badOption(
      '--rate',
      `"${rate}" is no rate from just over 0 to ${MOST_PER_SECOND} a second: write it as 25 or 25/s`,
    );
  }
  if (durationSeconds !== undefined && !(durationSeconds >= 1 && durationSeconds <= LONGEST_SECONDS)) {
    return badOption('--duration', `"${duration}" is no duration from 1s to 24h: write it as 60s or 5m`);
  }
  return accept({
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
  });
}

/** RFC 3339 with its zone, or Unix seconds. */
export function readTime(option: string, text: string): Input<number> {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  const hasZone = /^\d+(\.\d+)?$/.test(text) || /(Z|[+-]\d\d:\d\d)$/i.test(text);
  if (Number.isFinite(seconds) && hasZone) return accept(seconds);
  return badOption(
    option,
    `"${text}" is no time: write RFC 3339 with a zone (2026-11-23T05:31:02Z) or Unix seconds`,
  );
}
