/** A problem in user input; all problems are returned at once, never thrown. */
export interface Problem {
  readonly code: string;
  /** Its position, as `objectives[2].target`. */
  readonly path: string;
  readonly message: string;
  /** Line and column in the file, counted from 1, if the file is known. */
  readonly line?: number;
  readonly column?: number;
}
