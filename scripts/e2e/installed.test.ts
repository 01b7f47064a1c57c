import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packPackage } from '../package/pack.ts';
import type { Shop } from '../testing/shop.ts';
import { openShopStage, SHOP_DOCUMENT, SHOP_SCRIPT, type ShopStage } from '../testing/shop-stage.ts';
import { ROOT, type TemporaryFolder } from '../testing/sla.ts';
import { expectVerdict } from '../testing/verdict.ts';

/**
 * The npm package as users install it: packed, and installed from the registry into an empty project. Part of ./sla test
 * --full.
 */

const INSTALL_MS = 5 * 60_000;

const SCENARIO = `
scenarios:
  steady: { description: steady, script: load/steady.ts, rate: 40/s, duration: 5s, seed: 1 }
`;

/** A scenario's script needs nothing from this project: the harness passes it the load. */
const SCENARIO_SCRIPT = `
import http from 'k6/http';
const { phases } = JSON.parse(open(__ENV.SLA_LOAD));
const [{ ratePerSecond, durationSeconds }] = phases;
export const options = {
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate: ratePerSecond,
      duration: \`\${durationSeconds}s\`,
      preAllocatedVUs: 10,
    },
  },
};
export default () => http.get(\`\${__ENV.SLA_TARGET}/products\`);
`;

const STEPS = join(ROOT, 'ci', 'steps.sh');

let folder: TemporaryFolder;
let stage: ShopStage;
let shop: Shop;
let prometheusUrl: string;
let project: string;
/** The Node.js programs that run the package. */
const nodes: Record<string, string> = { 'Node 24': process.execPath };

const npm = (cwd: string, ...args: string[]) =>
  promisify(execFile)('npm', [...args, '--prefer-offline', '--no-audit', '--no-fund'], {
    cwd,
    timeout: INSTALL_MS,
  });

beforeAll(async () => {
  stage = await openShopStage();
  ({ folder, shop, prometheusUrl } = stage);
  project = join(folder.path, 'project');
  await mkdir(join(project, 'load'), { recursive: true });
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  await writeFile(join(project, 'shop.yaml'), SHOP_DOCUMENT + SCENARIO);
  await writeFile(join(project, 'shop.js'), SHOP_SCRIPT);
  await writeFile(join(project, 'load', 'steady.ts'), SCENARIO_SCRIPT);
  await npm(project, 'install', await packPackage(ROOT, folder.path));
  await setWritable(join(project, 'node_modules'), false);
  nodes['Node 22'] = await installNode22();
}, INSTALL_MS);
afterAll(async () => {
  await setWritable(join(project, 'node_modules'), true);
  await stage[Symbol.asyncDispose]();
});

async function installNode22(): Promise<string> {
  const place = join(folder.path, 'node-22');
  await mkdir(place);
  await writeFile(join(place, 'package.json'), '{ "private": true, "allowScripts": { "node": true } }');
  await npm(place, 'install', 'node@22');
  return join(place, 'node_modules', 'node', 'bin', 'node');
}

async function entriesOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isSymbolicLink()).map((one) => join(one.parentPath, one.name));
}

/** Root can write anyway, so the content is also compared. */
async function setWritable(path: string, isWritable: boolean): Promise<void> {
  for (const one of [...(await entriesOf(path)), path]) {
    const { mode } = await lstat(one);
    await chmod(one, isWritable ? mode | 0o200 : mode & ~0o222);
  }
}

/** Path, size and time of each file. */
const stateOf = async (path: string) =>
  await Promise.all(
    (await entriesOf(path)).map(async (one) => {
      const { size, mtimeMs } = await lstat(one);
      return `${one} ${size} ${mtimeMs}`;
    }),
  );

interface Done {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the link in node_modules/.bin with the Node.js that is first on PATH, as npx does. */
async function run(node: string, ...args: string[]): Promise<Done> {
  const bin = join(project, 'node_modules', '.bin', 'sla-harness');
  const env = { ...process.env, NO_COLOR: '1', PATH: `${join(node, '..')}:${process.env.PATH}` };
  try {
    const { stdout, stderr } = await promisify(execFile)(bin, args, { cwd: project, env });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as Done;
  }
}

const theirs = () => ['--sla', 'shop.yaml', '--target', shop.url, '--prometheus', prometheusUrl];

describe.each(['Node 24', 'Node 22'])('the installed package on %s', { timeout: 120_000 }, (name) => {
  test('judges a script of the project, writes the run next to it, and nothing into node_modules', async () => {
    const node = nodes[name]!;
    const before = await stateOf(join(project, 'node_modules'));
    expect(await run(node, 'check', 'shop.yaml')).toMatchObject({ code: 0 });
    const done = await run(node, 'gate', '--script', 'shop.js', '--json', ...theirs());
    expectVerdict(done, (verdict) => {
      expect([done.code, verdict.verdict], verdict.summary).toEqual([0, 'pass']);
    });
    expect(done.stderr).toMatch(/^report: runs\/\S+\/report\.html$/m);
    const report = await readFile(join(project, 'runs', 'latest', 'report.html'), 'utf8');
    expect(report).toContain('uPlot');
    const environment = JSON.parse(await readFile(join(project, 'runs/latest/environment.json'), 'utf8'));
    expect(environment).toMatchObject({
      tools: { node: expect.stringMatching(name === 'Node 22' ? /^22\./ : /^24\./) },
    });
    expect((await run(node, 'verify', '--json')).stdout).toBe(done.stdout);
    expect(await stateOf(join(project, 'node_modules'))).toEqual(before);
  });

  test('judges a scenario of the document, whose script it finds in the project', async () => {
    const done = await run(nodes[name]!, 'gate', '--scenario', 'steady', '--json', ...theirs());
    expectVerdict(done, (verdict) => {
      expect([done.code, verdict.verdict], verdict.summary).toEqual([0, 'pass']);
    });
  });

  test('an error of the service is a missed SLA, with exit code 1', async () => {
    shop.hasWrongBodies = true;
    try {
      const done = await run(nodes[name]!, 'gate', '--script', 'shop.js', '--json', ...theirs());
      expectVerdict(done, ({ verdict }) => expect([done.code, verdict], done.stderr).toEqual([1, 'fail']));
    } finally {
      shop.hasWrongBodies = false;
    }
  });

  test('the example of docs/embedding.md judges the last seconds', async () => {
    const docs = await readFile(join(ROOT, 'docs', 'embedding.md'), 'utf8');
    const [, example] = /```ts\n([\s\S]*?)```/.exec(docs)!;
    await writeFile(join(project, 'example.ts'), example!);
    const result = await promisify(execFile)(
      nodes[name]!,
      [
        ...(name === 'Node 22' ? ['--experimental-strip-types'] : []),
        'example.ts',
        'shop.yaml',
        prometheusUrl,
        '5',
      ],
      { cwd: project },
    ).catch((error: Done) => error);
    // The verdict depends on the load that earlier tests sent in these seconds. Any verdict shows that all parts work
    // together.
    expect(result.stdout).toMatch(/^(PASS|FAIL|INCONCLUSIVE) /m);
    expect(result.stdout).toMatch(/errors\s+< 5%/);
  });
});

test('the gate of action.yml runs the installed package, and outputs the folder of its run', {
  timeout: 120_000,
}, async () => {
  const runner = join(folder.path, 'runner');
  await mkdir(runner);
  await symlink(project, join(runner, 'sla-harness'));
  const env = {
    ...process.env,
    ...{
      RUNNER_TEMP: runner,
      GITHUB_OUTPUT: join(runner, 'output'),
      PATH: `${join(process.execPath, '..')}:${process.env.PATH}`,
    },
    ...{
      SLA_DOCUMENT: 'shop.yaml',
      SLA_SCRIPT: 'shop.js',
      SLA_TARGET_URL: shop.url,
      SLA_PROMETHEUS_URL: prometheusUrl,
    },
    SLA_ARGUMENTS: '--max-duration\n10m\n--json',
  };
  const done = await promisify(execFile)('sh', [STEPS, 'gate'], { cwd: project, env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Done) => error,
  );
  expectVerdict(done, ({ verdict, summary }) =>
    expect([done.code, verdict], JSON.stringify(summary)).toEqual([0, 'pass']),
  );
  const output = await readFile(join(runner, 'output'), 'utf8');
  expect(output).toMatch(/^exit-code=0\nrun=runs\/\S+-shop-[0-9a-f]{4}\n$/);
});
