import { constants, getPriority, platform, setPriority } from 'node:os';

/** How much higher the workers' nice value is. */
const niceIncrement = 5;

/**
 * Lowers the priority of inference, so that threads that need little CPU time at once run first: the one that handles
 * requests, health checks and refusals, and the runtime's own. A worker computes without a pause, so otherwise they would
 * wait for it as long as an inference takes. The worker still gets all remaining CPU time.
 *
 * Linux has a priority per thread: this sets the calling thread's, which the threads it starts inherit. On other systems the
 * priority belongs to the whole process, so nothing is changed.
 */
export function lowerPriority(): void {
  if (platform() !== 'linux') return;
  try {
    // A process that was started at a lower priority may only lower it further.
    setPriority(Math.min(constants.priority.PRIORITY_LOW, getPriority() + niceIncrement));
  } catch {
    // A sandbox may forbid this. All threads then have equal priority, and the service still works.
  }
}
