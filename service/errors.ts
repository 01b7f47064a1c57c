import type { ErrorType } from './metric-names.ts';

export interface ApiErrorDefinition {
  readonly status: number;
  /** What it counts as on a prediction route; undefined where it cannot happen there. */
  readonly errorType: ErrorType | undefined;
  readonly meaning: string;
  /** The only paths that answer with it; left out where there is nothing to narrow. */
  readonly paths?: readonly string[];
}

/** Every error that the service answers with. README.md lists the same; a test holds the two together. */
export const apiErrors = {
  malformed_json: { status: 400, errorType: 'invalid_input', meaning: 'The body is not JSON in UTF-8.' },
  empty_body: { status: 400, errorType: 'invalid_input', meaning: 'There is no body.' },
  wrong_type: {
    status: 400,
    errorType: 'invalid_input',
    meaning: 'A value has another type than asked for.',
  },
  missing_field: { status: 400, errorType: 'invalid_input', meaning: 'A required field is missing.' },
  unknown_field: { status: 400, errorType: 'invalid_input', meaning: 'There is a field that is not known.' },
  blank_text: {
    status: 400,
    errorType: 'invalid_input',
    meaning: 'A text is empty, or has no letter, number, punctuation mark or symbol.',
  },
  text_too_long: {
    status: 400,
    errorType: 'invalid_input',
    meaning: 'A text has more characters than `MAX_TEXT_CHARS`.',
  },
  no_texts: { status: 400, errorType: 'invalid_input', meaning: '`texts` is empty.' },
  too_many_texts: {
    status: 400,
    errorType: 'invalid_input',
    meaning: '`texts` has more entries than `MAX_BATCH_TEXTS`.',
  },
  bad_request: { status: 400, errorType: 'invalid_input', meaning: 'The request is wrong in another way.' },
  bad_deadline: {
    status: 400,
    errorType: 'invalid_input',
    meaning: '`X-Request-Deadline-Ms` is not a whole number of milliseconds from 1.',
  },
  unauthorized: {
    status: 401,
    errorType: 'unauthorized',
    meaning: 'The path takes `Authorization: Bearer TOKEN` with a token that it knows, and there was none.',
  },
  body_too_large: {
    status: 413,
    errorType: 'invalid_input',
    meaning: 'The body has more bytes than any valid request needs.',
  },
  unsupported_media_type: {
    status: 415,
    errorType: 'invalid_input',
    meaning: 'The content type is not `application/json`, or its charset not UTF-8.',
  },
  unknown_prediction: {
    status: 404,
    errorType: undefined,
    meaning:
      'No prediction of this process has this id, or it is more than `FEEDBACK_WINDOW` predictions ago.',
    paths: ['/feedback'],
  },
  feedback_conflict: {
    status: 409,
    errorType: undefined,
    meaning: 'The opposite was told of this prediction before; the first word counts.',
    paths: ['/feedback'],
  },
  too_many_words: {
    status: 422,
    errorType: 'invalid_input',
    meaning: 'The text to explain has more words than `EXPLAIN_MAX_WORDS`.',
    paths: ['/explain'],
  },
  bad_http: {
    status: 400,
    errorType: undefined,
    meaning: 'This is not HTTP/1.1, or a request of it without `Host`.',
    paths: [],
  },
  expectation_failed: {
    status: 417,
    errorType: undefined,
    meaning: 'The only `Expect` that can be met is `100-continue`.',
    paths: [],
  },
  request_timeout: {
    status: 408,
    errorType: undefined,
    meaning: 'The request did not arrive whole within `RECEIVE_LIMIT_MS`.',
    paths: [],
  },
  headers_too_large: {
    status: 431,
    errorType: undefined,
    meaning: 'The headers are larger than 16 KiB.',
    paths: [],
  },
  bad_url: { status: 400, errorType: undefined, meaning: 'The URL cannot be decoded.', paths: [] },
  not_found: { status: 404, errorType: undefined, meaning: 'There is no such path.', paths: [] },
  method_not_allowed: {
    status: 405,
    errorType: undefined,
    meaning: 'The path exists, but not with this method; `Allow` names the right one.',
    paths: [],
  },
  rate_limited: {
    status: 429,
    errorType: 'rate_limited',
    meaning:
      'More requests of one client than `RATE_LIMIT_PER_MINUTE`; `Retry-After` says when to try again.',
  },
  inference_error: {
    status: 500,
    errorType: 'inference_error',
    meaning: 'The model failed on this request.',
  },
  internal_error: { status: 500, errorType: 'inference_error', meaning: 'A fault of the service itself.' },
  overloaded: {
    status: 503,
    errorType: 'overloaded',
    meaning: 'The queue has no room; `Retry-After` says when to try again.',
  },
  timeout: {
    status: 504,
    errorType: 'timeout',
    meaning: "No answer within `REQUEST_DEADLINE_MS` or the request's own deadline; the work is dropped.",
  },
} as const satisfies Record<string, ApiErrorDefinition>;

export type ApiErrorCode = keyof typeof apiErrors;

/** Thrown inside a request; the error handler turns it into `{"error":{"code","message"}}` with the code's status. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;

  constructor(code: ApiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
