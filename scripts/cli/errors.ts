/**
 * The environment is broken, not the input: a tool is missing, a port is in use, a disk is full. Bad input is returned as
 * problems instead, all at once. `code` is a stable short name for scripts, `message` names the value and the place, and
 * `nextStep` says what the operator can do.
 */
export class HarnessError extends Error {
  readonly code: string;
  readonly nextStep: string;

  constructor(
    code: string,
    message: string,
    options: { readonly nextStep: string; readonly cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HarnessError';
    this.code = code;
    this.nextStep = options.nextStep;
  }
}
