import bearerAuth from '@fastify/bearer-auth';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Classifier } from './classifier/classifier.ts';
import { clientOf } from './client-address.ts';
import { ApiError } from './errors.ts';

/**
 * The headers that @fastify/helmet sends for a service without pages; a test keeps the two consistent. The
 * plugin builds its headers again for each request, which costs more than all of our metrics. A page that
 * needs more sets its own policy.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
};

export function sendSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(securityHeaders);
    done();
  });
}

/**
 * If there are tokens, every request of the scope must carry one of them. The plugin compares tokens in constant
 * time.
 */
export async function requireToken(scope: FastifyInstance, tokens: readonly string[]): Promise<void> {
  if (tokens.length === 0) return;
  // `addHook: false` leaves the response to our error handler, which counts the refusal.
  await scope.register(bearerAuth, {
    keys: new Set(tokens),
    addHook: false,
    verifyErrorLogLevel: 'debug',
    // "Bearer" in any letter case, as HTTP allows.
    specCompliance: 'rfc6749',
  });
  scope.addHook('onRequest', scope.verifyBearerAuth!);
}

const windowMs = 60_000;

/**
 * If a proxy adds no address to the header, all such requests share one limit, under the proxy's own address.
 */
const clientAddress = ({ ip, socket }: FastifyRequest): string =>
  clientOf(ip) ?? clientOf(socket.remoteAddress ?? '') ?? 'unknown';

/**
 * Limits the requests of one client address to all routes of the scope together, before any hook that is
 * added later.
 */
export async function limitRate(scope: FastifyInstance, perMinute: number | undefined): Promise<void> {
  if (perMinute === undefined) return;
  await scope.register(rateLimit, {
    // By default, the plugin would add its hook to each route, after the hooks of the scope.
    global: false,
    max: perMinute,
    timeWindow: windowMs,
    keyGenerator: clientAddress,
    errorResponseBuilder: (_request, { after }) =>
      new ApiError('rate_limited', `More than ${perMinute} requests a minute; try again in ${after}.`),
  });
  scope.addHook('onRequest', scope.rateLimit());
}

/** Created once, because capturing a stack trace costs more than the rest of a refusal. */
const noRoom = new ApiError('overloaded', 'The queue has no room; try again after a while.');

/** If the queue is full, a request is refused before its body is read, because a refusal must be cheap. */
export function shedLoad(scope: FastifyInstance, models: Pick<Classifier, 'hasRoom'>): void {
  scope.addHook('onRequest', (_request, _reply, done) => {
    if (models.hasRoom()) done();
    else done(noRoom);
  });
}
