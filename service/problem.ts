/** One problem with an input: a stable code, where it is, and what to do about it. */
export interface Problem {
  readonly code: string;
  readonly path: string;
  readonly message: string;
}
