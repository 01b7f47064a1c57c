/**
 * With NODE_USE_ENV_PROXY, Node sends every request to the environment's proxy, including those to this
 * machine, and the proxy would respond instead. This machine is always accessed directly.
 */

const ALWAYS = ['localhost', '127.0.0.1', '[::1]', '::1', '0.0.0.0'];

/** Other names of this machine on the command line: 127.0.0.2, service.localhost. */
const LOOPBACK_URL = /\bhttps?:\/\/(?:[^/@\s]*@)?(127(?:\.\d{1,3}){3}|(?:[\w-]+\.)+localhost)(?![\w.-])/gi;

/**
 * The addresses that are accessed without a proxy: those of the environment, and this machine. In both
 * spellings, because programs read either.
 */
export function withoutProxyHere(
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
): { readonly NO_PROXY: string; readonly no_proxy: string } {
  const named = argv.flatMap((argument) => [...argument.matchAll(LOOPBACK_URL)].map(([, host]) => host!));
  const theirs = (env.no_proxy || env.NO_PROXY || '').split(/[,\s]+/).filter((entry) => entry !== '');
  // A * on its own means every address.
  if (theirs.includes('*')) return { NO_PROXY: '*', no_proxy: '*' };
  const all = [...new Set([...theirs, ...ALWAYS, ...named])].join(',');
  return { NO_PROXY: all, no_proxy: all };
}
