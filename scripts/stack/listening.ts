import { readFile } from 'node:fs/promises';
import { type Running, waitFor } from '../process/processes.ts';

export const START_PATIENCE_MS = 60_000;

/** Resolves once Prometheus or Alertmanager is ready, to its address. The system chooses the port. */
export async function listeningAddress(process: Running, signal: AbortSignal): Promise<string> {
  const address = await waitFor(process, 'starting to listen', START_PATIENCE_MS, signal, async () => {
    const line = /msg="Listening on".* address=(\S+)/.exec(await readFile(process.logFile, 'utf8'));
    return line === null ? null : `http://${line[1]}`;
  });
  await waitFor(process, 'getting ready', START_PATIENCE_MS, signal, () => isOk(`${address}/-/ready`));
  return address;
}

export async function isOk(url: string): Promise<true | null> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2000) })).ok ? true : null;
  } catch {
    return null;
  }
}
