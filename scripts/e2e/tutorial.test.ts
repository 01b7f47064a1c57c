import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../testing/adopted.ts';
import { ROOT, sla, temporaryFolder } from '../testing/sla.ts';

/** docs/tutorial.md, command by command, in an empty folder and with the packed npm package. */

interface Block {
  readonly kind: 'sh' | 'js' | 'output';
  readonly text: string;
}

const blocksOf = (page: string): readonly Block[] =>
  [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => ({
    kind: kind === 'sh' || kind === 'js' ? kind : 'output',
    text: text!,
  }));

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a block in a shell. A background command keeps its output open, so the test does not wait for the output to close. */
function run(text: string, cwd: string, path: string): Promise<Ran> {
  const child = spawn('bash', ['-c', text], {
    cwd,
    env: { ...process.env, PATH: path, NO_COLOR: '1', npm_config_audit: 'false', npm_config_fund: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data) => {
      output += data;
    });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once(text.includes('& echo') ? 'exit' : 'close', (code) => resolve({ code, output }));
  });
}

/** Figures may differ from run to run, but words may not. */
const patternOf = (line: string) =>
  new RegExp(
    line
      .trim()
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replace(/\d[\d,]*(?:\\\.\d+)?/g, '[\\d.,]+')
      .replace(/\s+/g, '\\s+'),
  );

function expectPrinted(shown: string, { output }: Ran): void {
  for (const line of shown.split('\n').filter((one) => one.trim() !== ''))
    expect(output).toMatch(patternOf(line));
}

test('every command of the tutorial runs, and prints what the page shows', { timeout: 600_000 }, async () => {
  await using folder = await temporaryFolder();
  const packed = await sla(['pack', '--out', join(folder.path, 'packed')]);
  expect(packed.code, packed.stderr).toBe(0);
  const archive = packed.stdout.trim().split('\n').at(-1)!;
  const bin = join(folder.path, 'bin');
  const cwd = join(folder.path, 'shop');
  await mkdir(bin);
  await mkdir(cwd);
  await symlink(process.env.PROMETHEUS_BIN!, join(bin, 'prometheus'));
  const ports = { 8080: await freePort(), 9090: await freePort() };
  const page = (await readFile(join(ROOT, 'docs', 'tutorial.md'), 'utf8'))
    .replaceAll('8080', String(ports[8080]))
    .replaceAll('9090', String(ports[9090]))
    .replace('--save-dev sla-harness', `--save-dev ${resolve(ROOT, archive)}`);
  const path = `${bin}:${process.env.PATH}`;
  const exits: (number | null)[] = [];
  let last: Ran = { code: 0, output: '' };
  try {
    for (const { kind, text } of blocksOf(page)) {
      if (kind === 'js') await writeFile(join(cwd, 'server.js'), text);
      else if (kind === 'output') expectPrinted(text, last);
      else {
        last = await run(text, cwd, path);
        if (text.startsWith('npx sla-harness gate')) exits.push(last.code);
        else expect(last.code, `${text}\n${last.output}`).toBe(0);
      }
    }
    expect(exits, last.output).toEqual([0, 1]);
  } finally {
    for (const name of ['service', 'prometheus']) {
      const pid = await readFile(join(cwd, `${name}.pid`), 'utf8').catch(() => '');
      if (pid !== '') execFileSync('sh', ['-c', `kill ${pid.trim()} 2>/dev/null || true`]);
    }
  }
});
