import { readFile } from 'node:fs/promises';
import type { ClientRequests, Load } from '../../../slas/model/model.ts';
import { runLoad } from '../../run/run-k6.ts';
import { useExisting } from '../../stack/existing.ts';

/**
 * The harness under load in its own process, so that its CPU time can be measured: k6, the stream of its
 * samples, the guards and the record. Argument: a file with the options.
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
    durationsMs: client === undefined ? null : summaryOf(durationsMs(client)),
  })}\n`,
);

/** k6's `http_req_duration`, which excludes connecting. */
function durationsMs({ durationSeconds, blockedSeconds }: ClientRequests): Float64Array {
  return durationSeconds.map((seconds, at) => Math.round(seconds * 1e9 - blockedSeconds[at]! * 1e9) / 1e6);
}

/** The figures of k6's own summary, by its own interpolation between the two nearest values. */
function summaryOf(durationsMs: Float64Array) {
  const sorted = durationsMs.toSorted();
  const at = (part: number) => {
    const place = part * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { count: sorted.length, min: at(0), med: at(0.5), 'p(95)': at(0.95), 'p(99)': at(0.99), max: at(1) };
}
