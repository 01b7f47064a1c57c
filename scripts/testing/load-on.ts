import { relative } from 'node:path';
import type { Load, RunRecord } from '../../slas/model/model.ts';
import { runLoad } from '../run/run-k6.ts';
import { useExisting } from '../stack/existing.ts';
import { ROOT, temporaryFolder } from './sla.ts';

export interface LoadOptions {
  /** The number of load generators; 1 by default. */
  readonly generators?: number;
  /**
   * Whether we started the service. Load on any other service stops when half of its responses are errors.
   */
  readonly isOurs?: boolean;
  /** Variables in addition to those of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs k6 with this load on a service, without a stack, a Prometheus or a verdict. Returns its record. */
export async function loadOn(
  serviceUrl: string,
  load: Load,
  { generators = 1, isOurs = true, env = {} }: LoadOptions = {},
): Promise<RunRecord> {
  await using folder = await temporaryFolder();
  const k6 = { name: 'k6', path: process.env.K6_BIN!, version: 'under test', source: 'environment' } as const;
  return await runLoad(
    load,
    { ...useExisting(serviceUrl, 'http://127.0.0.1:9'), isOurs },
    {
      id: 'test',
      root: ROOT,
      env: { ...process.env, ...env },
      k6,
      folder: folder.path,
      logs: folder.path,
      signal: new AbortController().signal,
      objectives: [],
      progress: () => {},
      generators,
    },
  );
}

/** A load script outside the project, as a plan refers to it. */
export const asScript = (file: string) => relative(ROOT, file);
