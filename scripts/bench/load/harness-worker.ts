import { readFile } from 'node:fs/promises';
import type { Load } from '../../../slas/model/model.ts';
import { runLoad } from '../../run/run-k6.ts';
import { useExisting } from '../../stack/existing.ts';
import { figuresOf } from './k6-figures.ts';

/**
 * Runs the harness under load in its own process, so that its CPU time can be measured. This includes k6, the stream
 * of samples, the guards and the record. The argument is a file with the options.
 */

interface Options {
  readonly load: Load;
  readonly url: string;
  readonly root: string;
  readonly k6: { readonly path: string; readonly version: string };
  readonly folder: string;
}

const { load, url, root, k6, folder } = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as Options;
const before = process.cpuUsage();
const run = await runLoad(load, useExisting(url, url), {
  ...{ id: 'bench', root, env: process.env, k6, folder, logs: folder, objectives: [] },
  signal: new AbortController().signal,
  progress: () => {},
});
const { user, system } = process.cpuUsage(before);
const { client, droppedIterations, sent, startedLateP99Seconds = null, stoppedBecause } = run.load!;
process.stdout.write(
  `${JSON.stringify({
    cpuSeconds: (user + system) / 1e6,
    sent,
    droppedIterations,
    startedLateP99Seconds,
    stoppedBecause,
    figures: client === undefined ? null : figuresOf(client),
  })}\n`,
);
