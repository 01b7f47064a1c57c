import type { ErrorType } from './metric-names.ts';

export interface ApiErrorDefinition {
  readonly status: number;
  /** The outcome under which prediction routes count this error; undefined if the error cannot occur there. */
  readonly errorType: ErrorType | undefined;
  readonly meaning: string;
  /** The only paths that respond with this error; omitted if there is no restriction. */
  readonly paths?: readonly string[];
}

/** Every error that the service returns. README.md has the same list; a test keeps the two consistent. */
export const apiErrors = {
  malformed_json: { status: 400, errorType: 'invalid_input', meaning: 'The body is not JSON in UTF-8.' },
  empty_body: { status: 400, errorType: 'invalid_input', meaning: 'The request has no body.' },
  wrong_type: {
    status: 400,
    errorType: 'invalid_input',
    meaning: 'A value has the wrong type.',
  },
  missing_field: { status: 400, errorType: 'invalid_input', meaning: 'A required field is missing.' },
  unknown_field: { status: 400, errorType: 'invalid_input', meaning: 'The body has an unknown field.' },
  blank_text: {
    status: 400,
    errorType: 'invalid_input',
    meaning: 'A text is empty or contains no letter, number, punctuation mark or symbol.',
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
  bad_request: { status: 400, errorType: 'invalid_input', meaning: 'The request is invalid in another way.' },
  bad_deadline: {
    status: 400,
    errorType: 'invalid_input',
    meaning: '`X-Request-Deadline-Ms` is not a whole number of milliseconds, at least 1.',
  },
  unauthorized: {
    status: 401,
    errorType: 'unauthorized',
    meaning: 'The path requires `Authorization: Bearer TOKEN` with a valid token.',
  },
  body_too_large: {
    status: 413,
    errorType: 'invalid_input',
    meaning: 'The body is larger than any valid request.',
  },
  unsupported_media_type: {
    status: 415,
    errorType: 'invalid_input',
    meaning: 'The content type is not `application/json`, or its charset is not UTF-8.',
  },
  unknown_prediction: {
    status: 404,
    errorType: undefined,
    meaning:
      'This process made no prediction with this id, or did so more than `FEEDBACK_WINDOW` predictions ago.',
    paths: ['/feedback'],
  },
  feedback_conflict: {
    status: 409,
    errorType: undefined,
    meaning: 'This prediction already has the opposite feedback; the first feedback counts.',
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
    meaning: 'The request is not valid HTTP/1.1, or has no `Host` header.',
    paths: [],
  },
  expectation_failed: {
    status: 417,
    errorType: undefined,
    meaning: 'The only supported `Expect` header is `100-continue`.',
    paths: [],
  },
  request_timeout: {
    status: 408,
    errorType: undefined,
    meaning: 'The request did not arrive completely within `RECEIVE_LIMIT_MS`.',
    paths: [],
  },
  headers_too_large: {
    status: 431,
    errorType: undefined,
    meaning: 'The headers are larger than 16 KiB.',
    paths: [],
  },
  bad_url: { status: 400, errorType: undefined, meaning: 'The URL cannot be decoded.', paths: [] },
  not_found: { status: 404, errorType: undefined, meaning: 'The path does not exist.', paths: [] },
  method_not_allowed: {
    status: 405,
    errorType: undefined,
    meaning: 'The path does not support this method; the `Allow` header lists those it supports.',
    paths: [],
  },
  rate_limited: {
    status: 429,
    errorType: 'rate_limited',
    meaning:
      'The client sent more requests than `RATE_LIMIT_PER_MINUTE`; `Retry-After` says when to try again.',
  },
  inference_error: {
    status: 500,
    errorType: 'inference_error',
    meaning: 'Inference failed for this request.',
  },
  internal_error: {
    status: 500,
    errorType: 'inference_error',
    meaning: 'An unexpected error in the service.',
  },
  overloaded: {
    status: 503,
    errorType: 'overloaded',
    meaning: 'The queue is full; `Retry-After` says when to try again.',
  },
  timeout: {
    status: 504,
    errorType: 'timeout',
    meaning:
      'The request took longer than `REQUEST_DEADLINE_MS` or its own deadline; its remaining work is dropped.',
  },
} as const satisfies Record<string, ApiErrorDefinition>;

export type ApiErrorCode = keyof typeof apiErrors;

/**
 * Thrown while handling a request; the error handler turns it into `{"error":{"code","message"}}` with the
 * code's status.
 */
export class ApiError extends Error {
  readonly code: ApiErrorCode;

  constructor(code: ApiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
