import type { Problem } from '../../slas/model.ts';
import { REDACTED } from '../redact.ts';
import type { Stack } from './stack.ts';

/** A service that somebody else runs. Load goes to this machine only. */
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

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

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

/** Load is never sent to a machine that nobody allowed: for now this one only. */
export function checkTarget(text: string): Problem[] {
  const problems = checkUrl('--target', text);
  if (problems.length > 0) return problems;
  const { username, password, pathname, search, hash, hostname } = new URL(text);
  if (username + password + search + hash !== '' || pathname !== '/') {
    const message = `"${masked(text)}" must be an address alone, as http://127.0.0.1:8080: paths are the scenario's`;
    return [{ code: 'bad-url', path: '--target', message }];
  }
  if (LOOPBACK.test(hostname)) return [];
  return [
    {
      code: 'not-allowed',
      path: '--target',
      message: `"${text}" is not on this machine: load is sent to 127.0.0.1, ::1 and localhost only`,
    },
  ];
}
