import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ClassifierError } from './classifier/classifier.ts';
import type { Config } from './config.ts';
import { ApiError, type ApiErrorCode, apiErrors } from './errors.ts';
import { type InferringEndpoint, inferringEndpoints } from './metric-names.ts';
import type { Metrics } from './metrics.ts';
import { securityHeaders } from './security.ts';
import { traceFields } from './tracing.ts';

type ValidationIssue = NonNullable<FastifyError['validation']>[number];

const retryAfterSeconds = 1;

/**
 * Responds to every error with `{"error":{"code","message"}}`, with a code of the registry, and counts it.
 */
export function handleErrors(app: FastifyInstance, config: Config, metrics: Metrics): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const apiError = toApiError(error, request, config);
    const { status, errorType } = apiErrors[apiError.code];
    const endpoint = endpointOf(request);
    // The client has disconnected, so there is no response to count: the request is counted under status 499.
    if (endpoint && errorType && !reply.raw.destroyed) metrics.failed(endpoint, errorType);
    if (request.observation) request.observation.error = apiError.code;
    // Refusals and missed deadlines come in large numbers; the request's own log line records them.
    if (status === 500) request.log.error({ err: error, ...traceFields(request) }, apiError.code);
    if (status === 503) void reply.header('retry-after', retryAfterSeconds);
    if (status === 401) void reply.header('www-authenticate', 'Bearer');
    return sendError(reply, apiError);
  });
}

/** Bodies for unknown paths are not read: the refusal comes before any parsing. */
export function refuseUnmatched(app: FastifyInstance, allowedMethods: ReadonlyMap<string, string>): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const path = request.url.split('?', 1)[0]!;
    const allowed = allowedMethods.get(path);
    if (allowed !== undefined) void reply.header('allow', allowed);
    sendError(
      reply,
      allowed === undefined
        ? new ApiError(
            'not_found',
            `This path does not exist; known paths are ${[...allowedMethods.keys()].join(', ')}.`,
          )
        : new ApiError('method_not_allowed', `${path} takes ${allowed} only.`),
    );
  });
}

export function badUrl(reply: FastifyReply): FastifyReply {
  return sendError(
    reply,
    new ApiError('bad_url', 'The URL contains a percent sign that does not begin a valid escape sequence.'),
  );
}

/** If a route exists but its file does not, Fastify's own "not found" would have a different body. */
export function refuseMissingFiles(app: FastifyInstance): void {
  app.setNotFoundHandler((_request, reply) =>
    sendError(reply, new ApiError('not_found', 'There is no such file.')),
  );
}

/**
 * Node itself would respond without a body to a request without `Host`, or with an unknown expectation. This hook
 * handles both instead, before such a request is counted. It closes the connection, because the body is not read.
 */
export function refuseBrokenRequests(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.on('connect', ({ url }, socket) => answerBare(socket, noProxy(url)));
  app.addHook('onRequest', (request, reply, done) => {
    const error = brokenRequest(request);
    if (error === undefined) return done();
    void reply.headers({ ...securityHeaders, 'x-request-id': request.id, connection: 'close' });
    sendError(reply, error);
  });
}

const noHost = new ApiError('bad_http', 'An HTTP/1.1 request must have a Host header.');
const unmetExpectation = new ApiError(
  'expectation_failed',
  'The only supported expectation is 100-continue.',
);
const noProxy = (url = '') =>
  new ApiError(
    'method_not_allowed',
    `CONNECT ${JSON.stringify(url.slice(0, 40))} is refused: this is not a proxy.`,
  );

function brokenRequest({ headers, raw }: FastifyRequest): ApiError | undefined {
  if (headers.host === undefined && raw.httpVersion === '1.1') return noHost;
  const { expect } = headers;
  return expect === undefined || expect.toLowerCase() === '100-continue' ? undefined : unmetExpectation;
}

/**
 * Data that is not HTTP, or that ends halfway, is not a request. The response is written directly to the socket,
 * which is then closed.
 */
export function answerBrokenHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET') return void socket.destroy();
  answerBare(socket, brokenHttp(error.code));
}

function brokenHttp(code: string | undefined): ApiError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiError('request_timeout', 'The request did not arrive completely in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new ApiError('headers_too_large', 'The headers are larger than 16 KiB.');
    default:
      return new ApiError('bad_http', 'This is not HTTP/1.1.');
  }
}

function answerBare(socket: Duplex, error: ApiError): void {
  if (!socket.writable) return void socket.destroy();
  const { status } = apiErrors[error.code];
  const body = bodyOf(error);
  const headers = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
    ...(status === 405 && { Allow: 'GET, POST' }),
    ...securityHeaders,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`);
}

const bodyOf = ({ code, message }: ApiError) => JSON.stringify({ error: { code, message } });

function sendError(reply: FastifyReply, error: ApiError): FastifyReply {
  const { status } = apiErrors[error.code];
  return reply.code(status).type('application/json; charset=utf-8').send(bodyOf(error));
}

function endpointOf(request: FastifyRequest): InferringEndpoint | undefined {
  return inferringEndpoints.find((endpoint) => endpoint === request.routeOptions.url);
}

function toApiError(error: FastifyError, request: FastifyRequest, config: Config): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ClassifierError) return fromClassifier(error);
  const issue = error.validation?.[0];
  if (issue !== undefined) return fromValidation(issue, request.body, config);
  return fromParser(error, request);
}

function fromClassifier(error: ClassifierError): ApiError {
  switch (error.failure) {
    case 'overloaded':
    case 'timeout':
      return new ApiError(error.failure, error.message);
    case 'inference_error':
      return new ApiError('inference_error', "The model failed on this request; see the service's log.");
    case 'abandoned':
      return new ApiError('bad_request', error.message);
    default:
      return error.failure satisfies never;
  }
}

/** Errors before validation, by Fastify's codes. Fastify's own messages may quote the body; ours never do. */
function fromParser(error: FastifyError, request: FastifyRequest): ApiError {
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return new ApiError('malformed_json', 'The body is not valid JSON.');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return emptyBody();
    case 'FST_ERR_CTP_BODY_TOO_LARGE': {
      const limit = request.routeOptions.bodyLimit;
      return new ApiError('body_too_large', `The body is larger than the limit of ${limit} bytes.`);
    }
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError('unsupported_media_type', 'Send the body with "Content-Type: application/json".');
  }
  if (error.statusCode === 401) {
    return new ApiError('unauthorized', 'Send "Authorization: Bearer TOKEN" with a token for this path.');
  }
  const isClients = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500;
  if (isClients) return new ApiError('bad_request', 'The request could not be read.');
  return new ApiError('internal_error', "The service failed on this request; see the service's log.");
}

function emptyBody(): ApiError {
  return new ApiError('empty_body', 'The body is empty; send a JSON object.');
}

function fromValidation(issue: ValidationIssue, body: unknown, config: Config): ApiError {
  if (body === undefined || body === null) return emptyBody();
  const where = placeOf(issue.instancePath);
  const code = codeOf(issue.keyword);
  return new ApiError(code, `${where}${describe(code, issue, body, config)}`);
}

/** `/texts/3` as `texts[3]`; the body itself as "The body". */
function placeOf(instancePath: string): string {
  const [field, index] = instancePath.slice(1).split('/');
  if (!field) return 'The body';
  return index === undefined ? `"${field}"` : `"${field}[${index}]"`;
}

function codeOf(keyword: string): ApiErrorCode {
  const codes: Readonly<Record<string, ApiErrorCode>> = {
    type: 'wrong_type',
    required: 'missing_field',
    additionalProperties: 'unknown_field',
    minLength: 'blank_text',
    pattern: 'blank_text',
    maxLength: 'text_too_long',
    minItems: 'no_texts',
    maxItems: 'too_many_texts',
  };
  return codes[keyword] ?? 'bad_request';
}

function describe(code: ApiErrorCode, issue: ValidationIssue, body: unknown, config: Config): string {
  switch (code) {
    case 'wrong_type':
      return ` must be ${issue.params.type === 'array' ? 'an array' : `a JSON ${issue.params.type}`}.`;
    case 'missing_field':
      return ` must have the field "${issue.params.missingProperty}".`;
    case 'unknown_field':
      return ` has an unknown field: ${JSON.stringify(String(issue.params.additionalProperty).slice(0, 40))}.`;
    case 'blank_text':
      return ' is blank; it needs at least one letter, number, punctuation mark or symbol.';
    case 'text_too_long':
      return ` has ${charsAt(body, issue.instancePath)} characters; the limit is ${config.maxTextChars}.`;
    case 'no_texts':
      return ' is empty; send at least 1 text.';
    case 'too_many_texts':
      return ` has ${lengthAt(body)} entries; the limit is ${config.maxBatchTexts}.`;
    default:
      return ' is not accepted by this path.';
  }
}

function charsAt(body: unknown, instancePath: string): number {
  let value: unknown = body;
  for (const key of instancePath.slice(1).split('/')) value = (value as Record<string, unknown>)[key];
  return [...(value as string)].length;
}

function lengthAt(body: unknown): number {
  return (body as { texts: unknown[] }).texts.length;
}
