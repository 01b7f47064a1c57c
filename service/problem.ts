/** One thing wrong with what somebody gave us: a stable code, where it is, and what to do about it. */
export interface Problem {
  readonly code: string;
  readonly path: string;
  readonly message: string;
}
