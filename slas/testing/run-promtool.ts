import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolPath } from './prometheus-server.ts';

const LONGEST_MS = 120_000;

export interface RulesAndTest {
  readonly rules: string;
  /** The content of the test file, given the name of the rule file. */
  readonly test: (rulesFile: string) => string;
}

/** Everything that promtool prints, both streams in order, because the failure goes to one stream and the file name to the other. */
async function promtool(args: readonly string[], folder: string): Promise<string> {
  const file = join(folder, 'output.txt');
  const output = openSync(file, 'w');
  const child = spawn(toolPath('PROMTOOL_BIN'), args, {
    cwd: folder,
    stdio: ['ignore', output, output],
    timeout: LONGEST_MS,
  });
  closeSync(output);
  const [code] = (await once(child, 'exit')) as [number | null];
  const text = await readFile(file, 'utf8');
  if (code === null) throw new Error(`promtool was killed after ${LONGEST_MS} ms:\n${text.slice(-2000)}`);
  return text;
}

/** Runs `promtool test rules` on all tests at once. Returns the failures of each test, in order; empty if the test passed. */
export async function testRules(tests: readonly RulesAndTest[]): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sla-rules-'));
  try {
    const files = await Promise.all(
      tests.map(async ({ rules, test }, index) => {
        await writeFile(join(folder, `${index}.rules.yaml`), rules);
        await writeFile(join(folder, `${index}.test.yaml`), test(`${index}.rules.yaml`));
        return `${index}.test.yaml`;
      }),
    );
    const output = await promtool(['test', 'rules', ...files], folder);
    const parts = output.split(/^(?:Processing test file|Unit Testing): +(?=\d+\.test\.yaml)/m).slice(1);
    const told = new Map(parts.map((part) => [part.split('\n')[0]!.trim(), part]));
    return files.map((file) => {
      const part = told.get(file) ?? 'promtool says nothing of it';
      return /^\s+SUCCESS/m.test(part) ? '' : part;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The problems that `promtool check rules` reports; empty if there are none. */
export async function checkRules(rules: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sla-rules-'));
  try {
    await writeFile(join(folder, 'rules.yaml'), rules);
    const output = await promtool(['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml'], folder);
    return /SUCCESS: [1-9]\d* rules found/.test(output) ? '' : output;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
