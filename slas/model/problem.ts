/** A problem in user input. All problems are returned at once, and none is thrown. */
export interface Problem {
  readonly code: string;
  /** The position of the problem, such as `objectives[2].target`. */
  readonly path: string;
  readonly message: string;
  /** Line and column in the file, counted from 1, if the file is known. */
  readonly line?: number;
  readonly column?: number;
}
