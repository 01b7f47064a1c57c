/**
 * A failure of the environment, not of the input: a tool is missing, a port is in use, or a disk is full. Bad input is not
 * thrown, but returned as a list of all problems. `code` is a stable name for scripts. `message` names the value and the
 * place. `nextStep` says what the operator can do.
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
