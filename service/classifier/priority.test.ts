import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, platform } from 'node:os';
import { expect, test } from 'vitest';
import { startClassifier } from '../testing/service.ts';

/** The nice value of each thread of this process. */
function niceOfThreads(): ReadonlyMap<string, number> {
  const folder = '/proc/self/task';
  const read = (thread: string) => readFileSync(`${folder}/${thread}/stat`, 'utf8').split(') ').at(-1)!;
  return new Map(readdirSync(folder).map((thread) => [thread, Number(read(thread).split(' ')[16])]));
}

// A process that already has the lowest priority cannot lower it further.
const canGo = platform() === 'linux' && getPriority() < constants.priority.PRIORITY_LOW;

test.runIf(canGo)(
  'a worker has a lower priority than every other thread, and no other thread is changed',
  async () => {
    const before = niceOfThreads();
    const own = getPriority();
    await using _classifier = await startClassifier();
    const changed = [...niceOfThreads()].filter(([thread, nice]) => nice !== (before.get(thread) ?? own));
    expect(changed.map(([, nice]) => nice)).toEqual([Math.min(constants.priority.PRIORITY_LOW, own + 5)]);
    expect(getPriority()).toBe(own);
  },
);
