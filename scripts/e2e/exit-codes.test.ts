import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyCheckout, ROOT, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';

/**
 * Exit code 1 means that an SLA was missed, and 0 that all were met. No problem around the harness may cause either. Each row
 * runs the launcher from a shell, as users do, with one thing broken.
 */

let folder: TemporaryFolder;
let checkout: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  checkout = join(folder.path, 'checkout');
  await copyCheckout(checkout);
  // The checkout shares our packages, so it must not install any.
  const long = new Date(2001, 1, 1);
  await utimes(join(checkout, 'package-lock.json'), long, long);
});
afterAll(() => folder[Symbol.asyncDispose]());

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `$SLA` in a shell, with a time limit. */
function shell(script: string, env: Readonly<Record<string, string>> = {}, root = ROOT): Promise<Ended> {
  const child = spawn('/bin/bash', ['-c', script], {
    cwd: root,
    env: { ...process.env, SLA: join(root, 'sla'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 50_000);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve) =>
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    }),
  );
}

const preload = (code: string) => `--import=data:text/javascript,${encodeURIComponent(code)}`;
const lines = (text: string) => text.trimEnd().split('\n');

describe('a launcher that cannot start exits with 4, in one line', () => {
  const cases: Record<string, [env: Record<string, string>, message: RegExp]> = {
    'NODE_OPTIONS that preloads a missing file': [
      { NODE_OPTIONS: '--require=/nonexistent/preload.js' },
      /Node\.js cannot be started: Error: Cannot find module '\/nonexistent\/preload\.js'; correct NODE_OPTIONS/,
    ],
    'NODE_OPTIONS that imports a missing file': [
      { NODE_OPTIONS: '--import=/nonexistent/preload.js' },
      /Node\.js cannot be started: .*Cannot find module/,
    ],
    'NODE_OPTIONS with an unknown option': [
      { NODE_OPTIONS: '--no-such-option' },
      /Node\.js cannot be started: .*--no-such-option/,
    ],
    'NODE_OPTIONS whose preload throws': [
      { NODE_OPTIONS: preload('throw new Error("no")') },
      /Node\.js cannot be started: .*no/,
    ],
    'NODE_OPTIONS whose preload exits with 0': [
      { NODE_OPTIONS: preload('process.exit(0)') },
      /Node\.js cannot be started: it ended with code 0/,
    ],
    'NODE_OPTIONS whose preload exits with 1': [
      { NODE_OPTIONS: preload('process.exit(1)') },
      /Node\.js cannot be started: it ended with code 1/,
    ],
  };
  test.each(Object.entries(cases))('%s', async (_, [env, message]) => {
    const { code, stdout, stderr } = await shell('exec "$SLA" check slas/documents/sentiment-api.yaml', env);
    expect(stderr).toMatch(message);
    expect(lines(stderr)).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(4);
  });

  test('a deleted working directory', async () => {
    const gone = mkdtempSync(join(tmpdir(), 'sla-gone-'));
    const { code, stdout, stderr } = await shell('cd "$GONE" && rmdir "$GONE" && exec "$SLA" --version', {
      GONE: gone,
    });
    if (existsSync(gone)) rmdirSync(gone);
    // Some shells also report this before the launcher starts.
    const ours = lines(stderr).filter((line) => !line.includes('getcwd'));
    expect(ours).toEqual([
      'the working directory was deleted: change to an existing directory and run again',
    ]);
    expect(stdout).toBe('');
    expect(code).toBe(4);
  });
});

describe('a broken checkout exits with 4, in one line', () => {
  const files: Record<string, [file: string, content: string | null]> = {
    'an entry that is missing': ['scripts/cli/sla.ts', null],
    'an entry with a syntax error': ['scripts/cli/sla.ts', 'const = 1;\n'],
    'an entry that throws': ['scripts/cli/sla.ts', 'throw new Error("broken");\n'],
    'an entry that ends too early': ['scripts/cli/sla.ts', 'await new Promise(() => {});\n'],
    'a file that is missing': ['scripts/runs/redact.ts', null],
    'a conflict in a file': ['scripts/cli/cli.ts', '<<<<<<< HEAD\n'],
    'a file that exports something else': ['scripts/cli/errors.ts', 'export const other = 1;\n'],
    'a package that is missing': ['slas/document/document.ts', "import 'no-such-package';\n"],
  };
  test.each(Object.entries(files))('%s', async (_, [name, content]) => {
    const file = join(checkout, name);
    const kept = join(folder.path, 'kept');
    await rename(file, kept);
    if (content !== null) await writeFile(file, content);
    const { code, stdout, stderr } = await shell('exec "$SLA" --version', {}, checkout);
    await rm(file, { force: true });
    await rename(kept, file);
    expect(stdout).toBe('');
    expect(stderr).not.toContain('    at ');
    expect(code, stderr).toBe(4);
  });

  test('a Node.js that cannot be executed', async () => {
    const alone = join(folder.path, 'alone');
    await mkdir(join(alone, 'node_modules', '.bin'), { recursive: true });
    await copyFile(join(ROOT, 'sla'), join(alone, 'sla'));
    await writeFile(join(alone, 'package-lock.json'), '{}');
    const node = join(alone, 'node_modules', '.bin', 'node');
    await writeFile(node, '\u007fELF nothing that runs');
    chmodSync(node, 0o755);
    await writeFile(join(alone, 'node_modules', '.package-lock.json'), '{}');
    const { code, stderr } = await shell('exec "$SLA" --version', {}, alone);
    expect(stderr).toMatch(/sla: Node\.js cannot be started: /);
    expect(code).toBe(4);
  });

  test('a launcher whose tools are missing', async () => {
    const bin = join(folder.path, 'bin');
    await mkdir(bin);
    await symlink('/bin/sh', join(bin, 'sh'));
    const { code, stderr } = await shell('PATH="$BIN" exec "$SLA" --version', { BIN: bin });
    expect(stderr).toMatch(/sla: the launcher failed with code 127 before the harness was started/);
    expect(code).toBe(4);
  });
});

describe('an uncaught error exits with 4', () => {
  test.each([
    ['an exception', 'setTimeout(() => { throw new Error("x") }, 30)'],
    ['a rejection', 'setTimeout(() => void Promise.reject(new Error("x")), 30)'],
    ['something thrown that is not an error', 'setTimeout(() => { throw null }, 30)'],
    ['an error event without a listener', 'setTimeout(() => process.emit("error", new Error("x")), 30)'],
  ])('%s', async (_, what) => {
    // The preflight check finishes before the error is thrown.
    const env = { NODE_OPTIONS: preload(what) };
    const { code, stderr } = await shell('exec "$SLA" selftest --quick', env);
    expect(stderr).toContain('this is a bug in the harness');
    expect(code).toBe(4);
  });

  test('after running out of memory', async () => {
    const { code } = await shell('exec "$SLA" selftest --quick', { NODE_OPTIONS: '--max-old-space-size=12' });
    expect([0, 1, 2, 3]).not.toContain(code);
  });
});

describe('an output that cannot be written', () => {
  test.skipIf(!existsSync('/dev/full'))(
    'a full disk exits with 4 and prints a line on standard error',
    async () => {
      const { code, stderr } = await shell('exec "$SLA" --help >/dev/full');
      expect(lines(stderr)).toEqual(['standard output cannot be written (ENOSPC): the output is incomplete']);
      expect(code).toBe(4);
    },
  );

  test('a reader that closed the pipe makes the command exit with 4', async () => {
    const { stdout, stderr } = await shell('{ sleep 1; "$SLA" --help; echo "code $?" >&3; } 3>&1 | true', {});
    expect(stdout + stderr).not.toMatch(/code [01]\b/);
  });

  test.each([
    ['standard error', '2>&1 >/dev/null', 'stderr'],
    ['standard output', '2>/dev/null', 'stdout'],
  ])('a slow reader of %s receives all of it', async (_, redirection, stream) => {
    const many = preload(`process.${stream}.write('y'.repeat(1e6))`);
    const script = `"$SLA" --version ${redirection} | { sleep 1; tr -dc y | wc -c; }`;
    const { stdout } = await shell(script, { NODE_OPTIONS: many });
    expect(stdout.trim()).toBe('1000000');
  });

  test('a slow reader receives the report of an uncaught error', async () => {
    const throws = preload(
      `process.stderr.write('y'.repeat(1e6)); setTimeout(() => { throw new Error('x') }, 30)`,
    );
    const { stdout } = await shell(`exec "$SLA" selftest --quick 2>&1 >/dev/null | { sleep 1; cat; }`, {
      NODE_OPTIONS: throws,
    });
    expect(stdout).toContain('this is a bug in the harness');
  });

  test.skipIf(!existsSync('/dev/full'))('the command exits with 4 if both outputs are full', async () => {
    expect((await shell('exec "$SLA" --help >/dev/full 2>/dev/full')).code).toBe(4);
  });
});

describe('unusable input exits with 2, in bounded time', () => {
  const HELD = 'mkfifo "$DIR/pipe-$$"; exec 9<>"$DIR/pipe-$$";';
  test.each([
    ['a device', 'exec "$SLA" check /dev/zero', /it is a device/],
    ['a folder', 'exec "$SLA" check .', /it is a folder/],
    [
      'bytes that are not UTF-8',
      `printf 'name: caf\\xe9\\n' >"$DIR/l1"; exec "$SLA" check "$DIR/l1"`,
      /line 1 has the byte 0xe9, which is not valid UTF-8: save it as UTF-8/,
    ],
    [
      'UTF-16',
      `printf '\\xff\\xfen\\0' >"$DIR/u16"; exec "$SLA" check "$DIR/u16"`,
      /it is encoded in UTF-16 \(little-endian\): save it as UTF-8/,
    ],
    [
      'UTF-32',
      `printf '\\0\\0\\xfe\\xff' >"$DIR/u32"; exec "$SLA" check "$DIR/u32"`,
      /it is encoded in UTF-32 \(big-endian\)/,
    ],
    [
      'UTF-16 without a byte order mark',
      `printf 'n\\0a\\0' >"$DIR/nul"; exec "$SLA" check "$DIR/nul"`,
      /line 1 has a NUL byte/,
    ],
    [
      'an endless file',
      `truncate -s 5G "$DIR/long"; exec "$SLA" check "$DIR/long"`,
      /it is longer than 2 MiB/,
    ],
    [
      'a token in a pipe',
      `${HELD} SLA_TARGET_TOKEN_FILE="$DIR/pipe-$$" exec "$SLA" gate`,
      /does not name a plain file/,
    ],
    ['run folders in a file', 'exec "$SLA" runs list --out package.json', /cannot be listed: ENOTDIR/],
  ])('%s', async (_, script, message) => {
    const { code, stderr } = await shell(script, { DIR: folder.path });
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test('a document is read from a pipe', async () => {
    const { code, stdout } = await shell('exec "$SLA" check <(cat slas/documents/sentiment-api.yaml)');
    expect(stdout).toMatch(/: ok, \d+ objectives/);
    expect(code).toBe(0);
  });

  test('a pipe without a writer blocks until Ctrl-C', async () => {
    const script = `${HELD} "$SLA" check "$DIR/pipe-$$" & sleep 2; kill -INT $!; wait $!`;
    const { code, stderr } = await shell(script, { DIR: folder.path });
    expect(stderr).toContain('interrupted: everything that was started has been stopped');
    expect(code).toBe(130);
  });
});

describe('a read-only folder exits with 4', () => {
  test.each([
    ['gate --scenario smoke', '/proc/sla'],
    ['run smoke', '/proc/self/sla/deeper'],
    ['gate --scenario smoke', '/dev/null/sla'],
    ['dashboards', '/proc/sla'],
    ['dashboards', '/dev/fd/sla'],
  ])('%s --out %s', async (command, out) => {
    const { code, stderr } = await shell(`exec "$SLA" ${command} --out ${out}`);
    expect(stderr).toMatch(
      /cannot be (created|made|written): .*\nnext: choose another folder with --out DIR/,
    );
    expect(code).toBe(4);
  });

  test('a device is never replaced by a file', async () => {
    const { code, stderr } = await shell('exec "$SLA" rules --out /dev/null');
    expect(stderr).toContain(
      '/dev/null cannot be written: a file with this name exists, and it is not a plain file',
    );
    expect(code).toBe(4);
    expect((await shell('[ -c /dev/null ]')).code).toBe(0);
  });
});
