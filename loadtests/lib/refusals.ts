import type { Sent } from './request.ts';

/** A refusal that the service documents (service/README.md), with a request that triggers it. */
export interface Refusal {
  readonly code: string;
  readonly status: number;
  readonly request: Omit<Sent, 'recordedAs'>;
}

/** The default limits of the service. */
export const LONGEST_TEXT = 5000;
export const LARGEST_BATCH = 64;
export const MAX_EXPLAINED_WORDS = 64;
/** A body size slightly above that of the largest valid request. */
const TOO_MANY_BYTES = 1024 * 1024 + 64;

const json = { 'Content-Type': 'application/json' };
const posted = (path: string, body: string, headers: Sent['headers'] = json): Refusal['request'] => ({
  method: 'POST',
  path,
  body,
  headers,
});
const predict = (body: unknown) => posted('/predict', JSON.stringify(body));
const batch = (texts: unknown) => posted('/predict/batch', JSON.stringify({ texts }));

/** Refusals that a single request triggers. */
export const REFUSALS: readonly Refusal[] = [
  { code: 'malformed_json', status: 400, request: posted('/predict', '{"text": "well') },
  { code: 'empty_body', status: 400, request: posted('/predict', '') },
  { code: 'wrong_type', status: 400, request: predict({ text: 5 }) },
  { code: 'wrong_type', status: 400, request: batch('one text') },
  { code: 'missing_field', status: 400, request: predict({}) },
  { code: 'unknown_field', status: 400, request: predict({ text: 'Well made.', language: 'en' }) },
  { code: 'blank_text', status: 400, request: predict({ text: ' \t ' }) },
  { code: 'text_too_long', status: 400, request: predict({ text: 'a '.repeat(LONGEST_TEXT / 2 + 1) }) },
  { code: 'no_texts', status: 400, request: batch([]) },
  { code: 'too_many_texts', status: 400, request: batch(Array(LARGEST_BATCH + 1).fill('Well made.')) },
  {
    code: 'bad_deadline',
    status: 400,
    request: posted('/predict', '{"text": "Well made."}', { ...json, 'X-Request-Deadline-Ms': 'soon' }),
  },
  { code: 'body_too_large', status: 413, request: predict({ text: 'a'.repeat(TOO_MANY_BYTES) }) },
  {
    code: 'unsupported_media_type',
    status: 415,
    request: posted('/predict', 'Well made.', { 'Content-Type': 'text/plain' }),
  },
  {
    code: 'too_many_words',
    status: 422,
    request: posted('/explain', JSON.stringify({ text: 'well '.repeat(MAX_EXPLAINED_WORDS + 1) })),
  },
  {
    code: 'unknown_prediction',
    status: 404,
    request: posted('/feedback', JSON.stringify({ id: 'no-such-prediction', agrees: true })),
  },
  // The percent signs are valid, so k6 sends them; what they encode is not UTF-8.
  { code: 'bad_url', status: 400, request: { method: 'GET', path: '/predict/%C3%28' } },
  { code: 'not_found', status: 404, request: { method: 'GET', path: '/predictions' } },
  { code: 'method_not_allowed', status: 405, request: { method: 'GET', path: '/predict' } },
];

/** The refusal of negative feedback on a prediction that already has positive feedback. */
export const feedbackConflict = (id: string): Refusal => ({
  code: 'feedback_conflict',
  status: 409,
  request: posted('/feedback', JSON.stringify({ id, agrees: false })),
});
