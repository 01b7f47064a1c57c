/** The environment of a command: all output goes through it, and no command ends the process itself. */
export interface Io {
  /** Absolute path of the harness's own files, which are only read: the checkout, or the installed package. */
  readonly root: string;
  /** Absolute path of the folder with the documents, load scripts and runs: the checkout, or where the package is run. */
  readonly project: string;
  /** Run from the npm package: without the sentiment service, and the user types `npx sla-harness` instead of `./sla`. */
  readonly isInstalled: boolean;
  /** Working directory: relative paths from the user start here. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prints the result, on standard output. */
  readonly print: (text: string) => void;
  /** Prints a line that a CI server should execute as a command, on standard output; its values are escaped. Set by `main`. */
  readonly command?: (line: string) => void;
  /** Reports progress, a line at a time, on standard error. */
  readonly progress: (line: string) => void;
  /** Shows a few lines that stay in place on a terminal; an empty list removes them. Absent if there is no terminal. */
  readonly live?: (lines: readonly string[]) => void;
  /** Asks on a terminal; the answer, or the default if it is empty. Absent if there is no terminal to answer from. */
  readonly ask?: (question: string, otherwise: string) => Promise<string>;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  readonly colour: boolean;
}

/** 0 pass · 1 SLA missed · 2 bad usage or document · 3 inconclusive · 4 the harness itself failed · 130 interrupted */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;
