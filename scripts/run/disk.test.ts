import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canMount, keepFull, mountSmallDisk } from '../selftest/small-disk.ts';
import { SKIPS_LONG } from '../testing/long.ts';
import { ROOT, startSla, temporaryFolder } from '../testing/sla.ts';
import { makePath, writeWhole } from './disk.ts';

/** A disk error is a failure of the harness, never a verdict, and leaves no partially written file. */

test('several processes may create a path at the same time', async () => {
  await using folder = await temporaryFolder();
  const paths = Array.from({ length: 500 }, (_, i) => join(folder.path, String(i), 'a', 'b', 'c'));
  await Promise.all(paths.flatMap((path) => [makePath(path), makePath(path), makePath(join(path, 'd'))]));
  for (const path of paths) expect(existsSync(path)).toBe(true);
});

describe('writing a file', () => {
  test('creates the complete file, and nothing else', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.json');
    await writeWhole(path, 'one');
    await writeWhole(path, 'two');
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(folder.path)).toEqual(['a.json']);
  });

  test.skipIf(!existsSync('/dev/full'))('on a full disk, the old file is kept', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.json');
    await writeWhole(path, 'old');
    // The temporary file is a link to a device that is always full.
    await symlink('/dev/full', join(folder.path, '.a.json.tmp'));
    await expect(writeWhole(path, 'new')).rejects.toMatchObject({
      code: 'cannot-write',
      message: expect.stringMatching(/a\.json cannot be written: ENOSPC/),
      nextStep: expect.stringMatching(/free space .*--out DIR/),
    });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder.path)).toEqual(['a.json']);
  });

  test('leaves no file behind if the file-size limit is exceeded', async () => {
    await using folder = await temporaryFolder();
    const script = `
      import { writeWhole } from ${JSON.stringify(join(ROOT, 'scripts', 'run', 'disk.ts'))};
      await writeWhole('small', 'x'.repeat(1000));
      await writeWhole('large', 'x'.repeat(1_000_000)).catch((error) => console.log(error.code, error.message, error.nextStep));`;
    const limited = [
      '-c',
      'ulimit -f 100; exec "$0" "$@"',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    const { stdout } = spawnSync('sh', limited, { cwd: folder.path, encoding: 'utf8' });
    expect(stdout).toMatch(/^cannot-write .*large cannot be written: EFBIG.*\(ulimit -f\)/);
    expect(await readdir(folder.path)).toEqual(['small']);
  });
});

describe.concurrent('a gate whose run folder fails during the load', () => {
  async function gateMeeting(trouble: (run: string) => Promise<void>, out: string) {
    // --no-abort: slow responses on a busy machine must not end the load before the fault is injected.
    const load = ['--scenario', 'smoke', '--rate', '30', '--duration', '11s', '--no-abort'];
    const gate = startSla(['gate', ...load, '--out', out, '--json']);
    await gate.seen(/loading: \d+ of/);
    const id = (await readdir(out)).find((name) => name.includes('smoke'))!;
    await trouble(join(out, id));
    return { ...(await gate.done), run: join(out, id) };
  }

  test.skipIf(SKIPS_LONG && canMount())(
    'another process replaces the folder with a file',
    async ({ expect }) => {
      await using folder = await temporaryFolder();
      const out = join(folder.path, 'runs');
      await mkdir(out);
      const { code, stdout, stderr, run } = await gateMeeting(async (path) => {
        await rename(path, join(folder.path, 'gone'));
        await writeFile(path, 'no folder');
      }, out);
      expect(stderr).toContain('cannot be written: ENOTDIR');
      expect(stderr).toContain('--out DIR');
      expect(stdout).toBe('');
      expect(code).toBe(4);
      expect(await readFile(run, 'utf8')).toBe('no folder');
    },
  );

  test.skipIf(!canMount())(
    'the disk becomes full (requires permission to mount a small one)',
    async ({ expect }) => {
      await using folder = await temporaryFolder();
      const out = join(folder.path, 'small disk');
      using _disk = await mountSmallDisk(out);
      using stack = new DisposableStack();
      const { code, stdout, stderr, run } = await gateMeeting(async () => void stack.use(keepFull(out)), out);
      expect(stderr).toContain('cannot be written: ENOSPC');
      expect(stderr).toContain('free space there');
      expect(stdout).toBe('');
      expect(code).toBe(4);
      const files = await readdir(run);
      expect(files).toContain('plan.json');
      for (const name of ['verdict.json', 'manifest.json']) expect(files).not.toContain(name);
      expect(files.filter((name) => name.endsWith('.tmp'))).toEqual([]);
      for (const name of files.filter((one) => one.endsWith('.json'))) {
        expect(() => JSON.parse(readSync(join(run, name))), name).not.toThrow();
      }
      // The service waits for its log, and the load waits for the service. This takes 30 s on an idle machine.
    },
    120_000,
  );
});

const readSync = (path: string) => execFileSync('cat', [path], { encoding: 'utf8' });
