import bearerAuth from '@fastify/bearer-auth';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Classifier } from './classifier/classifier.ts';
import { clientOf } from './client-address.ts';
import { ApiError } from './errors.ts';

/**
 * What @fastify/helmet sends for a service that shows nothing; a test holds the two together. The plugin puts its headers
 * together anew for each request, which costs more than all our metrics. A page that needs more sets its own policy.
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

/** Asks every request of the scope for one of the tokens, if there are any; compared in constant time (by the plugin). */
export async function requireToken(scope: FastifyInstance, tokens: readonly string[]): Promise<void> {
  if (tokens.length === 0) return;
  // Without its own hook the plugin leaves the answer to our error handler, which counts it.
  await scope.register(bearerAuth, {
    keys: new Set(tokens),
    addHook: false,
    verifyErrorLogLevel: 'debug',
    // "Bearer" in any case, as HTTP has it.
    specCompliance: 'rfc6749',
  });
  scope.addHook('onRequest', scope.verifyBearerAuth!);
}

const windowMs = 60_000;

/** A proxy that wrote no address into the header shares one limit for all such requests: its own. */
const clientAddress = ({ ip, socket }: FastifyRequest): string =>
  clientOf(ip) ?? clientOf(socket.remoteAddress ?? '') ?? 'unknown';

/** Limits the requests of one client address to all routes of the scope together, before any hook that is added later. */
export async function limitRate(scope: FastifyInstance, perMinute: number | undefined): Promise<void> {
  if (perMinute === undefined) return;
  await scope.register(rateLimit, {
    // By itself the plugin adds its hook to each route, behind those of the scope.
    global: false,
    max: perMinute,
    timeWindow: windowMs,
    keyGenerator: clientAddress,
    errorResponseBuilder: (_request, { after }) =>
      new ApiError('rate_limited', `More than ${perMinute} requests a minute; try again in ${after}.`),
  });
  scope.addHook('onRequest', scope.rateLimit());
}

/** Made once: noting where an error was made costs more than all else of a refusal. */
const noRoom = new ApiError('overloaded', 'The queue has no room; try again after a while.');

/** Past the limit of the queue a request is refused before its body is read: what is refused must cost little. */
export function shedLoad(scope: FastifyInstance, models: Pick<Classifier, 'hasRoom'>): void {
  scope.addHook('onRequest', (_request, _reply, done) => {
    if (models.hasRoom()) done();
    else done(noRoom);
  });
}
