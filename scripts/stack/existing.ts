import { entryFor, isAllowed } from '../../slas/allowed-targets.ts';
import type { Problem } from '../../slas/model.ts';
import { REDACTED } from '../redact.ts';
import type { Stack } from './stack.ts';

/** A service that somebody else runs. */
export function useExisting(serviceUrl: string, prometheusUrl: string): Stack {
  return {
    kind: 'existing',
    serviceUrl: serviceUrl.replace(/\/$/, ''),
    prometheusUrl,
    isOurs: false,
    incidents: async () => null,
    [Symbol.asyncDispose]: async () => {},
  };
}

/** What stands before an @ may be a password, however wrong the rest is. */
const masked = (text: string) => text.replace(/\/\/[^/@]*@/, `//${REDACTED}@`);

export function checkUrl(option: string, text: string): Problem[] {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return [];
  return [
    {
      code: 'bad-url',
      path: option,
      message: `"${masked(text)}" is no http address: write it as http://127.0.0.1:9090`,
    },
  ];
}

/** The form of a target; where it is, `checkAllowed` looks at. */
export function checkTarget(text: string): Problem[] {
  const problems = checkUrl('--target', text);
  if (problems.length > 0) return problems;
  const { username, password, pathname, search, hash } = new URL(text);
  if (username + password + search + hash === '' && pathname === '/') return [];
  const message = `"${masked(text)}" must be an address alone, as http://127.0.0.1:8080: paths are the scenario's, and a token comes from SLA_TARGET_TOKEN`;
  return [{ code: 'bad-url', path: '--target', message }];
}

/**
 * Load is never sent to a machine that nobody allowed: this one always, others where the document lists them.
 *
 * @param text a target of the right form
 * @param file the document, as problems name it
 */
export function checkAllowed(text: string, allowedTargets: readonly string[], file: string): Problem[] {
  const url = new URL(text);
  if (isAllowed(url, allowedTargets)) return [];
  const listed = allowedTargets.length === 0 ? '' : ` and ${allowedTargets.join(', ')}`;
  const message = `"${text}" is not allowed: load goes to this machine${listed} only; whoever answers for that service adds "${entryFor(url)}" to service.allowedTargets in ${file}`;
  return [{ code: 'not-allowed', path: '--target', message }];
}
