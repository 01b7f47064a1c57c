import type { Result } from '../../slas/model/result.ts';
import type { ToolName, ToolSpec } from './specs.ts';

/** What a long-running step gets from its caller. */
export interface ToolIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prints a line of text for the user, without a line break at its end. Never prints to standard output. */
  readonly progress: (line: string) => void;
  /** On abort, the step stops every child process, removes incomplete files, and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export type ToolSource = 'environment' | 'path' | 'cache' | 'release' | 'go';

export interface FoundTool {
  readonly name: ToolName;
  /** The tool's absolute path. */
  readonly path: string;
  readonly version: string;
  readonly source: ToolSource;
}

/** Time limits for every wait, in milliseconds. */
export interface ToolLimits {
  readonly versionMs: number;
  /** The time from the start of the first connection to the archive's response headers. */
  readonly probeMs: number;
  /** A download is abandoned if no byte arrives for this long. */
  readonly stallMs: number;
  readonly downloadMs: number;
  readonly extractMs: number;
  readonly buildMs: number;
  readonly lockWaitMs: number;
  /** A lock is taken over if its owner has not refreshed it for this long. */
  readonly lockStaleMs: number;
  readonly progressEveryMs: number;
}

export const TOOL_LIMITS: ToolLimits = {
  versionMs: 10_000,
  probeMs: 5_000,
  stallMs: 15_000,
  downloadMs: 10 * 60_000,
  extractMs: 2 * 60_000,
  buildMs: 20 * 60_000,
  lockWaitMs: 30 * 60_000,
  lockStaleMs: 60_000,
  progressEveryMs: 15_000,
};

/** A tool, and the places in which it is searched for. */
export interface Search {
  readonly spec: ToolSpec;
  readonly io: ToolIo;
  readonly limits: ToolLimits;
}

/** A result, or why there is none, in words that fit into a list. */
export type Attempt<T> = Result<T, string>;
