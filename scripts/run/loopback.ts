/**
 * With NODE_USE_ENV_PROXY, Node sends every request through the environment's proxy, even a request to this machine. The
 * proxy would then respond in place of the service. This machine is therefore always accessed directly.
 */

const ALWAYS = ['localhost', '127.0.0.1', '[::1]', '::1', '0.0.0.0'];

/** Other names of this machine in command-line arguments, such as 127.0.0.2 and service.localhost. */
const LOOPBACK_URL = /\bhttps?:\/\/(?:[^/@\s]*@)?(127(?:\.\d{1,3}){3}|(?:[\w-]+\.)+localhost)(?![\w.-])/gi;

/**
 * The addresses that are accessed without a proxy: those in the environment, and this machine. Both spellings of the
 * variable are set, because programs read either one.
 */
export function withoutProxyHere(
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
): { readonly NO_PROXY: string; readonly no_proxy: string } {
  const named = argv.flatMap((argument) => [...argument.matchAll(LOOPBACK_URL)].map(([, host]) => host!));
  const theirs = (env.no_proxy || env.NO_PROXY || '').split(/[,\s]+/).filter((entry) => entry !== '');
  // The entry * matches every address.
  if (theirs.includes('*')) return { NO_PROXY: '*', no_proxy: '*' };
  const all = [...new Set([...theirs, ...ALWAYS, ...named])].join(',');
  return { NO_PROXY: all, no_proxy: all };
}
