import { entryFor, isAllowed } from '../../slas/document/allowed-targets.ts';
import type { Problem } from '../../slas/model/model.ts';
import { REDACTED } from '../runs/redact.ts';
import type { Stack } from './stack.ts';

/** A service that was not started by the harness. */
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

/** Even in an invalid URL, the text before an @ may be a password. */
const masked = (text: string) => text.replace(/\/\/[^/@]*@/, `//${REDACTED}@`);

export function checkUrl(option: string, text: string): Problem[] {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return [];
  return [
    {
      code: 'bad-url',
      path: option,
      message: `"${masked(text)}" is not a valid http address: write it as http://127.0.0.1:9090`,
    },
  ];
}

/** Checks the form of a load target URL; `checkAllowed` checks where it leads. */
export function checkTarget(text: string): Problem[] {
  const problems = checkUrl('--target', text);
  if (problems.length > 0) return problems;
  const { username, password, pathname, search, hash } = new URL(text);
  if (username + password + search + hash === '' && pathname === '/') return [];
  const message = `"${masked(text)}" must be an address only, such as http://127.0.0.1:8080: the scenario sets the paths, and SLA_TARGET_TOKEN sets the token`;
  return [{ code: 'bad-url', path: '--target', message }];
}

/**
 * Checks that the load target is a permitted machine. This machine always is; other machines must be listed in the document.
 *
 * @param text a valid load target URL
 * @param file the path of the document, for messages
 */
export function checkAllowed(text: string, allowedTargets: readonly string[], file: string): Problem[] {
  const url = new URL(text);
  if (isAllowed(url, allowedTargets)) return [];
  const listed = allowedTargets.length === 0 ? '' : ` and ${allowedTargets.join(', ')}`;
  const message = `"${text}" is not allowed: load is sent to this machine${listed} only; to permit this service, its owner adds "${entryFor(url)}" to service.allowedTargets in ${file}`;
  return [{ code: 'not-allowed', path: '--target', message }];
}
