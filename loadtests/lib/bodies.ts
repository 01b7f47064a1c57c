/** Checks whether response bodies report an error. The status is not enough, because services often report an error with status 200. */

const ERROR_FIELDS = ['error', 'errors', 'fault', 'exception'];
const SUCCESS_FIELDS = ['ok', 'success', 'succeeded'];
const STATUS_FIELDS = ['status', 'statusCode', 'status_code', 'code'];
const ERROR_WORDS = /^(error|err|fail|failed|failure|fault)$/i;

/**
 * Whether a body is JSON that reports no error: an object or a list without a top-level member that says `"error": …`, `"ok":
 * false`, `"status": "error"` or `"code": 500`. This is a start; only the service defines what a correct body is.
 */
export function reportsNoError(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const members = Array.isArray(body) ? body : [body];
  return !members.some((one) => typeof one === 'object' && one !== null && isError(one));
}

function isError(one: Readonly<Record<string, unknown>>): boolean {
  return (
    ERROR_FIELDS.some((field) => isSomething(one[field])) ||
    SUCCESS_FIELDS.some((field) => one[field] === false) ||
    STATUS_FIELDS.some((field) => isErrorStatus(one[field]))
  );
}

/** `"error": null`, `"errors": []` and `"error": false` report no error. */
const isSomething = (value: unknown) =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);

const isErrorStatus = (value: unknown) =>
  typeof value === 'number' ? value >= 400 && value <= 599 : ERROR_WORDS.test(String(value));
