import { execFile, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../testing/sla.ts';
import type { Kubectl } from './kubectl.ts';
import { watchRunner } from './runner.ts';

/**
 * The samples, the log and the summary are collected from a load generator that has ended. A missing part is always
 * reported.
 */

const RESULT = 'running (60.0s), 00/13 VUs, 1500 complete and 0 interrupted iterations\n';
const SAMPLES = 'http_reqs,1\nhttp_reqs,2\n';

interface Pod {
  /** The files that k6 wrote to /record; k6 did not write a file that is absent here. */
  readonly files: Readonly<Record<string, string>>;
  /** Returns the part of a command's output that the connection delivers; default: all of it. */
  readonly arrives?: (command: string, output: string) => string;
  /** The output of k6 under k6-operator; absent: the pods belong to a Job. */
  readonly progress?: string;
}

/** Runs the commands of `kubectl exec` on this machine, with a local folder in place of /record. */
function kubectlIn(folder: string, { arrives = (_, output) => output, progress }: Pod): Kubectl {
  const here = (args: readonly string[]) =>
    args.slice(args.indexOf('--') + 1).map((arg) => arg.replaceAll('/record', folder)) as [string];
  return {
    run: async (args) => {
      if (args[0] === 'logs') return progress ?? '';
      const [program, ...own] = here(args);
      const { stdout } = await promisify(execFile)(program, own);
      return arrives(args.join(' '), stdout);
    },
    follow: (args) => {
      const [program, ...own] = here(args);
      return spawn(program, own, { stdio: ['ignore', 'pipe', 'pipe'] });
    },
  };
}

async function ended(pod: Pod) {
  await using folder = await temporaryFolder();
  const [record, logFile, summaryFile] = ['record', 'k6.log', 'summary.json'].map((name) =>
    join(folder.path, `own-${name}`),
  ) as [string, string, string];
  await promisify(execFile)('mkdir', [record]);
  for (const [name, text] of Object.entries(pod.files)) await writeFile(join(record, name), text);
  const place = { namespace: 'load', pod: 'sla-1', node: 'one', logsProgress: pod.progress !== undefined };
  const samples: Buffer[] = [];
  await using runner = watchRunner(
    'k6-1',
    { ...place, kubectl: kubectlIn(record, pod) },
    { logFile, summaryFile, samples: (chunk) => void samples.push(chunk) },
  );
  runner.see({ kind: 'ended', exitCode: 0, reason: null });
  const exit = await runner.exited;
  const read = (file: string) => readFile(file, 'utf8').catch(() => null);
  return {
    exit,
    samples: Buffer.concat(samples).toString(),
    problem: runner.problem,
    log: await read(logFile),
    summary: await read(summaryFile),
  };
}

const FILES = { 'samples.csv': SAMPLES, 'k6.log': RESULT, 'summary.json': '{}' };

test('collects the samples, the log and the summary of a load generator that has ended', async () => {
  expect(await ended({ files: FILES })).toMatchObject({
    exit: { code: 0 },
    ...{ samples: SAMPLES, problem: null, log: RESULT, summary: '{}' },
  });
});

test('leaves out a log and a summary that k6 did not write', async () => {
  const own = await ended({ files: { 'samples.csv': SAMPLES } });
  expect(own).toMatchObject({ problem: null, log: null, summary: null });
});

describe('a record is unreliable', () => {
  test.each([
    ['if the size of the samples does not arrive', 'wc -c', () => ''],
    ['if the log does not arrive', 'k6.log', () => ''],
    ['if the end of the log does not arrive', 'k6.log', (output: string) => output.slice(0, 20)],
    ['if the end of the summary does not arrive', 'summary.json', (output: string) => output.slice(0, 1)],
  ] as const)('%s', async (_, of, change) => {
    const arrives = (command: string, output: string) => (command.includes(of) ? change(output) : output);
    const { problem } = await ended({ files: FILES, arrives });
    expect(problem).toMatch(
      /^the record of load generator k6-1 .* could not be collected: .* arrived incomplete$/,
    );
  });

  test('if the log cannot be fetched', async () => {
    const arrives = (command: string, output: string) => {
      if (command.includes('k6.log')) throw new Error('stdout maxBuffer length exceeded');
      return output;
    };
    const { problem } = await ended({ files: FILES, arrives });
    expect(problem).toMatch(/could not be collected: stdout maxBuffer length exceeded$/);
  });
});

describe('with k6-operator, the pod’s log contains the progress', () => {
  const { 'k6.log': _, ...files } = FILES;

  test('its last line says how many iterations were interrupted', async () => {
    expect(await ended({ files, progress: RESULT })).toMatchObject({ problem: null, log: RESULT });
  });

  test('without that line, the number of interrupted iterations is unknown', async () => {
    const { problem } = await ended({ files, progress: '' });
    expect(problem).toContain('has no result, so it is unknown how many iterations were interrupted');
  });
});
