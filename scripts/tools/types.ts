import type { ToolName, ToolSpec } from './specs.ts';

/** What a step that may take long needs from its caller. */
export interface ToolIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One line for a person, without a line end; never meant for standard output. */
  readonly progress: (line: string) => void;
  /** Aborting it stops every child process, removes what was half done, and rejects with its reason. */
  readonly signal?: AbortSignal;
}

export type ToolSource = 'environment' | 'path' | 'cache' | 'release' | 'go';

export interface FoundTool {
  readonly name: ToolName;
  /** Absolute. */
  readonly path: string;
  readonly version: string;
  readonly source: ToolSource;
}

/** Every wait is bounded; all in milliseconds. */
export interface ToolLimits {
  readonly versionMs: number;
  /** From the first connection to the archive's response headers. */
  readonly probeMs: number;
  /** A download that brings no byte for so long is given up. */
  readonly stallMs: number;
  readonly downloadMs: number;
  readonly extractMs: number;
  readonly buildMs: number;
  readonly lockWaitMs: number;
  /** A lock that its owner has not refreshed for so long is taken over. */
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

/** One tool as it is looked for in one place and one world. */
export interface Search {
  readonly spec: ToolSpec;
  readonly io: ToolIo;
  readonly limits: ToolLimits;
}

/** Something was found or made; or it was not, and `reason` says why in words that fit a list. */
export type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };
