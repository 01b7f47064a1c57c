import { constants, getPriority, platform, setPriority } from 'node:os';

/** The amount that is added to the nice value of the worker threads. */
const niceIncrement = 5;

/**
 * Lowers the priority of inference, so that threads that need a little CPU time immediately run first. These are the
 * main thread, which handles requests and health checks, and the threads of the runtime. A worker computes without a
 * pause, so otherwise those threads could wait for as long as an inference takes. The worker still gets all remaining
 * CPU time.
 *
 * Linux has a priority per thread: this sets the calling thread's, which the threads it starts inherit. On other
 * systems the priority belongs to the whole process, so nothing is changed.
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
