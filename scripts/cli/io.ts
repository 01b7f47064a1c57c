/** What a command sees of the world: nothing writes to the terminal or ends the process but through this. */
export interface Io {
  /** Absolute path of the project. */
  readonly root: string;
  /** Where the person stands: relative paths of theirs start here. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The answer itself, on standard output. */
  readonly print: (text: string) => void;
  /** How it is going, a line at a time, on standard error. */
  readonly progress: (line: string) => void;
  /** A few lines that stay in place on a terminal; absent where there is none. None: they go. */
  readonly live?: (lines: readonly string[]) => void;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  readonly colour: boolean;
}

/** 0 pass · 1 SLA missed · 2 bad usage or document · 3 inconclusive · 4 the harness itself failed · 130 interrupted */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;
