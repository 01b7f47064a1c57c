import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';

/**
 * One GET over HTTP or HTTPS. `fetch` cannot be given a certificate authority or a client certificate, and follows redirects,
 * which would pass credentials on to another address.
 */

/** What a server requires of a request: headers, and TLS settings. */
export interface Access {
  /** Headers that are sent with every request in addition to ours, such as a tenant or credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** In PEM format. */
  readonly tls?: Tls;
}

export interface Tls {
  /** The certificate authority that is trusted instead of those that this machine knows. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly text: string;
}

/** Closes idle connections before a server does, like Node's own agents. */
const IDLE_MS = 5_000;

/**
 * Node's own agents read the proxy exceptions when the process starts, before this machine is added to
 * them. So our agents are created at the first request.
 */
const agents = (() => {
  let made: { readonly http: HttpAgent; readonly https: HttpsAgent } | undefined;
  return () => {
    const options = {
      keepAlive: true,
      timeout: IDLE_MS,
      ...(process.env.NODE_USE_ENV_PROXY === '1' ? { proxyEnv: process.env } : {}),
    };
    made ??= { http: new HttpAgent(options), https: new HttpsAgent(options) };
    return made;
  };
})();

/** Rejects with the error of the connection; if aborted, with the signal's reason. */
export async function get(
  endpoint: URL,
  headers: Readonly<Record<string, string>>,
  tls: Tls | undefined,
  signal: AbortSignal,
): Promise<RawResponse> {
  const [send, agent] =
    endpoint.protocol === 'https:' ? [requestHttps, agents().https] : [requestHttp, agents().http];
  try {
    return await new Promise((resolve, reject) => {
      const request = send(endpoint, { headers, signal, agent, ...tls }, (response) => {
        const status = response.statusCode ?? 0;
        const list = Object.entries(response.headersDistinct).map(
          ([name, values = []]) => [name, values.join(', ')] as const,
        );
        text(response).then((body) => resolve({ status, headers: list, text: body }), reject);
      });
      request.once('error', reject);
      request.end();
    });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

const UNKNOWN_AUTHORITY = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);

/** What to do about a TLS failure, as `code: advice`; null for any other failure. */
export function tlsAdvice(code: string, message: string): string | null {
  if (UNKNOWN_AUTHORITY.has(code))
    return "its certificate is signed by an authority that is not trusted here: set PROMETHEUS_CA_FILE to the authority's certificate file";
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its certificate is for other host names: use an address with a name that the certificate lists';
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired: renew it on the server';
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet: check the clocks';
  if (/certificate required|bad certificate|handshake failure|unknown ca/i.test(message))
    return 'it requires a client certificate that it accepts: set PROMETHEUS_CLIENT_CERT_FILE and PROMETHEUS_CLIENT_KEY_FILE';
  if (/wrong version number|packet length too long/i.test(message))
    return 'it does not speak TLS at this port: use an address that starts with http://';
  return null;
}

const CONNECTION_CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens at this address',
  ECONNRESET: 'the connection was reset',
  ENOTFOUND: 'this host name does not exist',
  EAI_AGAIN: 'this host name cannot be resolved now',
  EHOSTUNREACH: 'no route to this host',
  ENETUNREACH: 'no route to this network',
  ETIMEDOUT: 'no connection in time',
  HPE_INVALID_CONSTANT: 'it does not speak HTTP at this port',
};

/** Why a request received no response, in words, followed by the code of the operating system. */
export function connectionCause({ code = '', message }: NodeJS.ErrnoException): string {
  const advice = tlsAdvice(code, message);
  if (advice !== null) return `${code}: ${advice}`;
  const words = CONNECTION_CAUSES[code];
  return words === undefined ? code || message : `${words} (${code})`;
}

/** Only these errors go away by themselves: the server has not started to listen yet. */
export const isStillStarting = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | null)?.code === 'ECONNREFUSED';
