import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../testing/sla.ts';
import type { Kubectl } from './kubectl.ts';
import { packInCluster } from './pack-in-cluster.ts';

/** Runs the pod's shell script on this machine with the real k6. */

const RUNNING = { state: { running: {} } };
const POD = { metadata: { name: 'sla-1' }, status: { containerStatuses: [{ name: 'k6', ...RUNNING }] } };
const HOLD = 'while :; do sleep 1; done';

interface Container {
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/** @param arrives returns the part of a command's output that the connection delivers */
async function pack(file: string, arrives: (command: string, output: string) => string = (_, own) => own) {
  await using folder = await temporaryFolder();
  const [record, volume, bin] = ['record', 'volume', 'bin'].map((name) => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  for (const one of [record, join(volume, 'shop'), bin]) await mkdir(one, { recursive: true });
  await symlink(process.env.K6_BIN!, join(bin, 'k6'));
  await writeFile(join(volume, 'rate.js'), 'export const rate = 7;\n');
  await writeFile(
    join(volume, 'shop', 'test.js'),
    `import { rate } from '../rate.js';
export const options = { scenarios: { a: { executor: 'constant-arrival-rate', rate, duration: __ENV.TIME, preAllocatedVUs: 1 } } };
export default () => {};
`,
  );
  const PATH = `${bin}${delimiter}${process.env.PATH}`;
  const here = (text: string) => text.replaceAll('/record', record).replaceAll('/volume', volume);
  const made: string[] = [];
  const kubectl: Kubectl = {
    run: async (args, { input = '' } = {}) => {
      made.push(args.join(' '));
      if (args[0] === 'create') {
        const [{ command, env }] = JSON.parse(input).spec.template.spec.containers as [Container];
        const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
        const [program, ...rest] = command.map((one) => here(one.replace(HOLD, '')));
        await promisify(execFile)(program!, rest, { env: { PATH, ...own } });
        return '';
      }
      if (args[0] === 'get') return JSON.stringify({ items: [POD] });
      if (args[0] === 'delete') return '';
      const command = args.at(-1)!;
      const { stdout } = await promisify(execFile)('sh', ['-c', here(command)], { maxBuffer: 1e8 });
      return arrives(command, stdout);
    },
    follow: () => {
      throw new Error('nothing is followed');
    },
  };
  const lines: string[] = [];
  const packed = packInCluster({
    script: { claim: 'load-scripts', file },
    ...{ target: 'http://127.0.0.1:8000/', namespace: 'load', kubectl },
    settings: { env: [{ name: 'TIME', value: '9s' }] },
    signal: AbortSignal.timeout(60_000),
    progress: (line) => lines.push(line),
  }).then(
    (archive) => ({ archive, error: null }),
    (error: Error) => ({ archive: null, error }),
  );
  return { ...(await packed), lines, made };
}

test('the archive contains the imports, and the options that follow from the environment of the load generators', async () => {
  const { archive, error, lines, made } = await pack('shop/test.js');
  expect(error).toBeNull();
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'test.tar');
  await writeFile(file, archive!);
  const { stdout } = await promisify(execFile)(process.env.K6_BIN!, ['inspect', file]);
  expect(JSON.parse(stdout).scenarios.a).toMatchObject({ rate: 7, duration: '9s' });
  expect(lines).toEqual([
    expect.stringMatching(
      /^shop\/test.js of the volume load-scripts was packed in the cluster: sha256 [0-9a-f]{64}$/,
    ),
  ]);
  expect(made.at(-2)).toMatch(/^delete --namespace load .* job\/sla-[0-9a-f]{8}$/);
});

test('if k6 cannot archive a file, the error quotes k6, and the Job is removed', async () => {
  const { error, made } = await pack('shop/none.js');
  expect(error).toMatchObject({ code: 'no-claim-script' });
  expect(error!.message).toMatch(
    /^shop\/none.js of the volume claim load-scripts: k6 cannot pack it: .*none.js/s,
  );
  expect(made.at(-2)).toMatch(/^delete --namespace load .* job\/sla-[0-9a-f]{8}$/);
});

test('an incomplete archive is refused', async () => {
  const { error } = await pack('shop/test.js', (command, output) =>
    command.startsWith('base64') ? output.slice(0, 400) : output,
  );
  expect(error!.message).toContain('the packed script arrived incomplete');
});
