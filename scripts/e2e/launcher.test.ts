import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const LAUNCHER = fileURLToPath(new URL('../../sla', import.meta.url));

/** Stands in for scripts/cli/sla.ts: prints how it was called, and exits with the requested code. */
const ENTRY = `
const args: string[] = process.argv.slice(2);
console.log(JSON.stringify({ args, cwd: process.cwd(), version: process.version }));
process.exitCode = Number(process.env.EXIT_CODE ?? 0);
`;

/** Runs before npm installs: it leaves a marker, and continues when a file `go-on` exists. */
const BEFORE_INSTALL = `
const fs = require('node:fs');
fs.appendFileSync('installs', process.pid + '\\n');
const timer = setInterval(() => fs.existsSync('go-on') && clearInterval(timer), 20);
setTimeout(() => process.exit(1), 60_000).unref();
`;

describe('the launcher', () => {
  it('installs on the first run, not on the second, and again if the lock file is newer', async () => {
    await using project = await makeProject();
    await project.letInstall();
    const first = await project.run();
    expect(first.exitCode).toBe(0);
    expect(first.stderr).toContain('sla: installing packages … 0 s');
    expect(JSON.parse(first.stdout).version).toBe(process.version);
    expect(await project.installs()).toHaveLength(1);

    const second = await project.run();
    expect(second).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await project.installs()).toHaveLength(1);

    const later = new Date(Date.now() + 5_000);
    await utimes(join(project.root, 'package-lock.json'), later, later);
    expect(await project.run()).toMatchObject({ exitCode: 0 });
    expect(await project.installs()).toHaveLength(2);
  });

  it('passes arguments, the working directory and the exit code through, also via a chain of symbolic links', async () => {
    await using project = await makeProject();
    await project.letInstall();
    const elsewhere = join(project.folder, 'else where');
    await mkdir(elsewhere);
    await symlink('../the project/sla', join(elsewhere, 'relative'));
    await symlink(join(elsewhere, 'relative'), join(elsewhere, 'absolute'));
    const args = ['a b', '', '--json', "it's", '$HOME', '*', 'line\nbreak'];
    const run = await project.run(args, { command: './absolute', cwd: elsewhere, env: { EXIT_CODE: '3' } });
    expect(run.exitCode).toBe(3);
    expect(JSON.parse(run.stdout)).toMatchObject({ args, cwd: elsewhere });
  });

  it("installs in its own folder when another project's npm runs it", async () => {
    await using project = await makeProject();
    await project.letInstall();
    const other = join(project.folder, 'other');
    await mkdir(other);
    const scripts = { go: `'${join(project.root, 'sla')}'` };
    await writeFile(
      join(other, 'package.json'),
      JSON.stringify({ name: 'other', version: '1.0.0', scripts }),
    );
    const run = await project.run(['run', '--silent', 'go'], { command: 'npm', cwd: other });
    expect(run).toMatchObject({ exitCode: 0 });
    expect(await project.installs()).toHaveLength(1);
    expect(existsSync(join(other, 'node_modules'))).toBe(false);
  });

  it('installs once if two start at the same time', async () => {
    await using project = await makeProject();
    const waits = /waiting for process \d+, which installs packages/;
    const onStderr = (text: string) => waits.test(text) && void project.letInstall();
    const runs = await Promise.all([project.run(['1'], { onStderr }), project.run(['2'], { onStderr })]);
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(runs.map(({ stdout }) => JSON.parse(stdout).args)).toEqual([['1'], ['2']]);
    expect(runs.filter(({ stderr }) => waits.test(stderr))).toHaveLength(1);
    expect(await project.installs()).toHaveLength(1);
  });

  it('takes over the lock of a process that no longer exists', async () => {
    await using project = await makeProject();
    await project.letInstall();
    await mkdir(join(project.root, '.sla'));
    await symlink(`pid-${spawnSync('true').pid}`, project.lock);
    expect(await project.run()).toMatchObject({ exitCode: 0 });
    expect(await project.installs()).toHaveLength(1);
    await expect(readlink(project.lock)).rejects.toThrow();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s stops the install with all its processes, and releases the lock',
    async (signal, exitCode) => {
      await using project = await makeProject();
      const starting = project.start();
      const processId = Number((await project.firstInstall()).trim());
      starting.child.kill(signal);
      const run = await starting.ended;
      expect(run).toMatchObject({ exitCode, stdout: '' });
      expect(() => process.kill(processId, 0)).toThrow('ESRCH');
      await expect(readlink(project.lock)).rejects.toThrow();

      await project.letInstall();
      expect(await project.run()).toMatchObject({ exitCode: 0 });
    },
  );

  it('shows the last lines of a failed install, exits with 4, and tries again the next time', async () => {
    await using project = await makeProject();
    await project.letInstall();
    const manifest = await readFile(join(project.root, 'package.json'), 'utf8');
    await writeFile(join(project.root, 'package.json'), manifest.replace('file:runtime', 'file:nowhere'));
    const run = await project.run();
    expect(run).toMatchObject({ exitCode: 4, stdout: '' });
    expect(run.stderr).toMatch(/npm error[\s\S]*sla: npm ci in .*the project failed with code 1;/);
    await writeFile(join(project.root, 'package.json'), manifest);
    expect(await project.run()).toMatchObject({ exitCode: 0 });
  });

  it('says what is needed if npm is missing or Node is too old', async () => {
    await using project = await makeProject();
    const bin = join(project.folder, 'bin');
    await mkdir(bin);
    const tools = ['sh', 'dirname', 'readlink', 'find', 'ln', 'rm', 'mkdir', 'ps'];
    for (const tool of tools)
      await symlink(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(bin, tool));
    await writeScript(join(bin, 'node'), 'echo 16');
    const without = await project.run([], { env: { PATH: bin } });
    expect(without).toMatchObject({ exitCode: 4, stdout: '' });
    expect(without.stderr).toContain('npm is not on PATH: install Node.js 18 or newer');
    await writeScript(join(bin, 'npm'), 'exit 0');
    const old = await project.run([], { env: { PATH: bin } });
    expect(old.exitCode).toBe(4);
    expect(old.stderr).toContain(`Node.js 16 at ${join(bin, 'node')} is too old`);
  });
});

/**
 * A project of the same structure in a folder with a space: its `node` is a local package, so npm needs no network.
 */
async function makeProject() {
  const folder = await mkdtemp(join(tmpdir(), 'sla launcher '));
  const root = join(folder, 'the project');
  await mkdir(join(root, 'scripts', 'cli'), { recursive: true });
  await mkdir(join(root, 'runtime'));
  await copyFile(LAUNCHER, join(root, 'sla'));
  await writeFile(join(root, 'scripts/cli/sla.ts'), ENTRY);
  await writeFile(join(root, 'before-install.cjs'), BEFORE_INSTALL);
  await writeScript(join(root, 'runtime/node.sh'), `exec '${process.execPath}' "$@"`);
  const runtime = { name: 'runtime', version: '1.0.0', bin: { node: 'node.sh' } };
  await writeFile(join(root, 'runtime/package.json'), JSON.stringify(runtime));
  const manifest = { name: 'sample', version: '1.0.0', dependencies: { runtime: 'file:runtime' } };
  const scripts = { preinstall: 'node before-install.cjs' };
  await writeFile(join(root, 'package.json'), JSON.stringify({ ...manifest, type: 'module', scripts }));
  const packages = {
    '': { ...manifest, hasInstallScript: true },
    'node_modules/runtime': { resolved: 'runtime', link: true },
    runtime: { version: '1.0.0', bin: { node: 'node.sh' } },
  };
  const lockFile = { ...manifest, dependencies: undefined, lockfileVersion: 3, requires: true, packages };
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(lockFile));
  return projectIn(folder, root);
}

function projectIn(folder: string, root: string) {
  const start = (args: readonly string[] = [], options: StartOptions = {}) =>
    startProgram(options.command ?? join(root, 'sla'), args, { cwd: folder, ...options });
  return {
    folder,
    root,
    lock: join(root, '.sla/install.lock'),
    start,
    run: (args?: readonly string[], options?: StartOptions) => start(args, options).ended,
    letInstall: () => writeFile(join(root, 'go-on'), ''),
    installs: async () => (await readFile(join(root, 'installs'), 'utf8')).trim().split('\n'),
    firstInstall: () => eventually(() => readFile(join(root, 'installs'), 'utf8')),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

interface StartOptions {
  readonly command?: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onStderr?: (textSoFar: string) => void;
}

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function startProgram(
  command: string,
  args: readonly string[],
  { cwd, env, onStderr }: StartOptions,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    onStderr?.(stderr);
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return { child, ended };
}

async function writeScript(path: string, script: string): Promise<void> {
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

async function eventually(read: () => Promise<string>): Promise<string> {
  for (let left = 400; left > 0; left -= 1) {
    const text = await read().catch(() => '');
    if (text.endsWith('\n')) return text;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the install did not begin');
}
