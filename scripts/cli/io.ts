/** The environment of a command. All output goes through it, and no command ends the process itself. */
export interface Io {
  /** Absolute path of the harness's own files, which are only read: the checkout or the installed package. */
  readonly root: string;
  /**
   * Absolute path of the folder that contains the documents, load scripts and runs: the checkout, or the folder in which the
   * package is run.
   */
  readonly project: string;
  /**
   * Whether the harness runs from the npm package. It then lacks the sentiment service, and users type `npx sla-harness`
   * instead of `./sla`.
   */
  readonly isInstalled: boolean;
  /** The working directory, against which the user's relative paths are resolved. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prints the result to standard output. */
  readonly print: (text: string) => void;
  /**
   * Prints a line to standard output that a CI server executes as a command; the values in the line are escaped. Set by
   * `main`.
   */
  readonly command?: (line: string) => void;
  /** Prints a line of progress to standard error. */
  readonly progress: (line: string) => void;
  /** Shows a few lines at a fixed position on a terminal. An empty list removes them. Absent if there is no terminal. */
  readonly live?: (lines: readonly string[]) => void;
  /**
   * Asks the user on a terminal. Resolves to the answer, or to the default if the answer is empty. Absent if there is no
   * terminal.
   */
  readonly ask?: (question: string, otherwise: string) => Promise<string>;
  /** Aborted on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  readonly colour: boolean;
}

/** 0 pass · 1 SLA missed · 2 bad usage or document · 3 inconclusive · 4 the harness itself failed · 130 interrupted */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;
