import { constants, getPriority, platform, setPriority } from 'node:os';

/** Steps of "nice" that inference is behind. */
const stepsBehind = 5;

/**
 * Lets the threads that have little to do at a time go first: the one that takes requests, answers probes and refuses what is
 * too much, and the runtime's own. A worker computes without a pause, so that they would wait for it as long as an inference takes.
 * It still gets all that they leave.
 *
 * Linux has a priority for each thread, and this is the calling one's, inherited by what it starts. Elsewhere the priority is
 * the whole process's: there nothing is changed.
 */
export function goBehind(): void {
  if (platform() !== 'linux') return;
  try {
    // Who was started with less than the ordinary priority may only lower it further.
    setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + stepsBehind));
  } catch {
    // A sandbox may forbid it: then all threads stay equal, which is no reason not to serve.
  }
}
