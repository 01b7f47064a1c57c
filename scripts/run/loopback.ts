/**
 * With NODE_USE_ENV_PROXY, Node sends every request to the proxy of the environment, those to this machine too: what then
 * responds is the proxy. This machine is always asked directly.
 */

const ALWAYS = ['localhost', '127.0.0.1', '[::1]', '::1', '0.0.0.0'];

/** Other names of this machine that a command line has: 127.0.0.2, service.localhost. */
const LOOPBACK_URL = /\bhttps?:\/\/(?:[^/@\s]*@)?(127(?:\.\d{1,3}){3}|(?:[\w-]+\.)+localhost)(?![\w.-])/gi;

/** The addresses that are asked without a proxy: those of the environment, and this machine. Both spellings, as programs read either. */
export function withoutProxyHere(
  env: Readonly<Record<string, string | undefined>>,
  argv: readonly string[],
): { readonly NO_PROXY: string; readonly no_proxy: string } {
  const named = argv.flatMap((argument) => [...argument.matchAll(LOOPBACK_URL)].map(([, host]) => host!));
  const theirs = (env.no_proxy || env.NO_PROXY || '').split(/[,\s]+/).filter((entry) => entry !== '');
  // A * stands for every address, if it stands alone.
  if (theirs.includes('*')) return { NO_PROXY: '*', no_proxy: '*' };
  const all = [...new Set([...theirs, ...ALWAYS, ...named])].join(',');
  return { NO_PROXY: all, no_proxy: all };
}
