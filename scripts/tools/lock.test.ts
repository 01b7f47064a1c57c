import { spawnSync } from 'node:child_process';
import { lutimes, readdir, readlink, symlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireLock } from './lock.ts';
import { makeWorld } from './test-support.ts';
import { TOOL_LIMITS } from './types.ts';

const limits = { ...TOOL_LIMITS, lockWaitMs: 20_000 };
const impatient = { ...TOOL_LIMITS, lockWaitMs: 0 };

async function setUp() {
  const world = await makeWorld({ go: false });
  return { world, path: join(world.folder, 'the.lock') };
}

function endedProcessId(): number {
  return spawnSync('true').pid;
}

/** Each holder of the lock writes its id twice, so that concurrent holders would be visible. */
function ordered(path: string, { io }: Awaited<ReturnType<typeof makeWorld>>) {
  const order: number[] = [];
  const work = async (id: number) => {
    await using _lock = await acquireLock(path, 'working', io, limits);
    order.push(id);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(id);
  };
  return { order, work };
}

describe('acquireLock', () => {
  it('admits one holder at a time, and the next one when the first has released it', async () => {
    const { world, path } = await setUp();
    await using _world = world;
    const { order, work } = ordered(path, world);
    await Promise.all(Array.from({ length: 12 }, (_, id) => work(id)));
    expect(order).toHaveLength(24);
    for (let index = 0; index < order.length; index += 2) expect(order[index + 1]).toBe(order[index]);
    expect(await readdir(world.folder)).not.toContain('the.lock');
  });

  it.each([
    ['of a process that has ended', () => `${hostname()}:${endedProcessId()}:old`],
    ['of an earlier process with the same id', () => `${hostname()}:${process.pid}:old`],
  ])('takes over a lock %s', async (_, stale) => {
    const { world, path } = await setUp();
    await using _world = world;
    await symlink(stale(), path);
    const { order, work } = ordered(path, world);
    await Promise.all([work(1), work(2)]);
    expect([
      [1, 1, 2, 2],
      [2, 2, 1, 1],
    ]).toContainEqual(order);
  });

  it('takes over a lock of another machine that is no longer refreshed', async () => {
    const { world, path } = await setUp();
    await using _world = world;
    await symlink('elsewhere:1:old', path);
    await lutimes(path, new Date(0), new Date(0));
    await using _lock = await acquireLock(path, 'working', world.io, impatient);
    expect(await readlink(path)).toMatch(`${hostname()}:${process.pid}:`);
  });

  it('stops waiting for a live holder after the time limit, names the holder, and leaves its lock unchanged', async () => {
    const { world, path } = await setUp();
    await using _world = world;
    const owner = `${hostname()}:${process.ppid}:alive`;
    await symlink(owner, path);
    await expect(acquireLock(path, 'installing a thing', world.io, impatient)).rejects.toMatchObject({
      code: 'tool-lock',
      message: expect.stringContaining(`process ${process.ppid} holds ${path}`),
      nextStep: expect.stringContaining(`delete ${path}`),
    });
    expect(await readlink(path)).toBe(owner);
  });

  it('stops waiting if the caller aborts', async () => {
    const { world, path } = await setUp();
    await using _world = world;
    await symlink(`${hostname()}:${process.ppid}:alive`, path);
    const controller = new AbortController();
    const io = {
      ...world.io,
      progress: () => controller.abort(new Error('interrupted')),
      signal: controller.signal,
    };
    await expect(acquireLock(path, 'working', io, limits)).rejects.toThrow('interrupted');
  });
});
