import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { main } from '../cli/cli.ts';
import type { Io } from '../cli/io.ts';
import { childrenOf } from '../process/processes.ts';

export { type TemporaryFolder, temporaryFolder } from '../run/disk.ts';

/** Runs the command line as users do: as a process with its own exit code. */

export const ROOT = dirname(dirname(import.meta.dirname));

export interface Done {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningSla {
  readonly child: ChildProcess;
  readonly done: Promise<Done>;
  /** Resolves to the match once standard error contains this text; rejects if the process ends first. */
  seen(text: string | RegExp): Promise<readonly string[]>;
  /** Ids of its child processes whose command line contains this text. */
  children(commandLine: string): number[];
}

interface SlaOptions {
  /** The checkout whose command line is run; this one by default. */
  readonly root?: string;
  /** The working directory; that of the checkout by default. */
  readonly cwd?: string;
  /** Environment variables in addition to those of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

export function startSla(
  args: readonly string[],
  { root = ROOT, cwd = root, env = {} }: SlaOptions = {},
): RunningSla {
  for (const name of ['K6_BIN', 'PROMETHEUS_BIN', 'PROMTOOL_BIN']) {
    if (!process.env[name]) throw new Error(`${name} is not set: run the tests with ./sla test`);
  }
  const child = spawn(process.execPath, [join(root, 'scripts', 'cli', 'sla.ts'), ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (data) => {
    stdout += data;
  });
  child.stderr!.on('data', (data) => {
    stderr += data;
  });
  const done = new Promise<Done>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
  const seen = (text: string | RegExp) =>
    new Promise<readonly string[]>((resolve, reject) => {
      const look = () => {
        const found = typeof text === 'string' ? (stderr.includes(text) ? [text] : null) : stderr.match(text);
        if (found !== null) resolve(found);
      };
      look();
      child.stderr!.on('data', look);
      child.once('close', () => reject(new Error(`ended without "${text}" on standard error:\n${stderr}`)));
    });
  return { child, done, seen, children: (commandLine) => childrenOf(child.pid!, commandLine) };
}

export const sla = (args: readonly string[], options?: SlaOptions) => startSla(args, options).done;

/** Runs a command in this process; suitable for the many commands that start no process. */
export async function slaHere(args: readonly string[], cwd = ROOT, more: Partial<Io> = {}): Promise<Done> {
  let stdout = '';
  let stderr = '';
  const code = await main(args, {
    root: ROOT,
    project: ROOT,
    isInstalled: false,
    cwd,
    env: process.env,
    print: (text) => {
      stdout += text;
    },
    progress: (line) => {
      stderr += `${line}\n`;
    },
    signal: new AbortController().signal,
    colour: false,
    ...more,
  });
  return { code, stdout, stderr };
}

/** A separate checkout with our files and packages: changes in it affect nothing else. */
export async function copyCheckout(to: string): Promise<void> {
  await cp(ROOT, to, {
    recursive: true,
    filter: (source) => !/^\/(node_modules|runs|\.git|\.sla)(\/|$)/.test(source.slice(ROOT.length)),
  });
  await symlink(join(ROOT, 'node_modules'), join(to, 'node_modules'));
}

export const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return !existsSync(`/proc/${pid}/stat`) || !isZombie(pid);
  } catch {
    return false;
  }
};

/** The command line of a process; empty if the process has ended. */
export function commandLineOf(pid: number): string {
  try {
    return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

const isZombie = (pid: number) =>
  execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
