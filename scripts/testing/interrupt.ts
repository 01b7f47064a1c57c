import type { ExpectStatic } from 'vitest';
import { commandLineOf, type Done, isAlive, type RunningSla } from './sla.ts';

/**
 * Presses Ctrl-C as soon as the command has a child process. The command must report it and exit with 130. It may leave
 * only its watchdog, which then also ends.
 */
export async function expectCleanInterrupt(running: RunningSla, expect: ExpectStatic): Promise<Done> {
  let children: readonly number[] = [];
  const look = () => {
    children = running.children('');
    return children;
  };
  // A command reports what it starts before it has started it.
  await expect.poll(look, { timeout: 20_000 }).not.toEqual([]);
  running.child.kill('SIGINT');
  const done = await running.done;
  expect(done.code, done.stderr).toBe(130);
  expect(done.stderr).toContain('interrupted: everything that was started has been stopped');
  const alive = children.filter(isAlive);
  // The list is read only now, because a process that was just forked still has the command line of the harness.
  const watchdog = alive.filter((pid) => commandLineOf(pid).includes('/bin/sh'));
  // By design the watchdog outlives the harness, until it has noticed that the harness ended.
  expect(alive.filter((pid) => !watchdog.includes(pid) && isAlive(pid))).toEqual([]);
  await expect.poll(() => watchdog.filter(isAlive), { timeout: 20_000 }).toEqual([]);
  return done;
}
