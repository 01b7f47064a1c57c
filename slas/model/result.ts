/**
 * A value, or the reason why there is none: the only way in which the core reports failures. `E` is data (a
 * `Reason`, `Problem`s), never a sentence. Failures of the environment are thrown instead; null still means
 * that there is nothing, which is not a failure.
 */
export type Result<T, E> = Ok<T> | Failure<E>;

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Failure<E> {
  readonly ok: false;
  readonly error: E;
}

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });

export const fail = <E>(error: E): Failure<E> => ({ ok: false, error });

/** The value of a result that an earlier check has proved to be ok. */
export function unwrap<T>(result: Result<T, unknown>): T {
  if (result.ok) return result.value;
  throw new RangeError(`a result that was checked is a failure: ${JSON.stringify(result.error)}`);
}
