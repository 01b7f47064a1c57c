import type { ExpectStatic } from 'vitest';
import { commandLineOf, type Done, isAlive, type RunningSla } from './sla.ts';

/** Presses Ctrl-C. The command must say so and exit with 130, and leave no process but its watchdog, which then ends as well. */
export async function expectCleanInterrupt(running: RunningSla, expect: ExpectStatic): Promise<Done> {
  const children = running.children('');
  expect(children).not.toEqual([]);
  running.child.kill('SIGINT');
  const done = await running.done;
  expect(done.code, done.stderr).toBe(130);
  expect(done.stderr).toContain('interrupted: everything that was started has been stopped');
  const alive = children.filter(isAlive);
  // Asked for now, because a process that has just been forked still has the command line of the harness.
  const watchdog = alive.filter((pid) => commandLineOf(pid).includes('/bin/sh'));
  // By design it outlives the harness, until it has seen it end.
  expect(alive.filter((pid) => !watchdog.includes(pid) && isAlive(pid))).toEqual([]);
  await expect.poll(() => watchdog.filter(isAlive), { timeout: 20_000 }).toEqual([]);
  return done;
}
