import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../cli/checkout-commands.ts';
import { GRAFANA_LIBRARY } from '../cli/commands/dashboards.ts';
import { ONLY_IN_CHECKOUT } from '../cli/commands/not-installed.ts';
import { scriptText } from '../cli/starting-points.ts';
import { startShop } from '../testing/shop.ts';
import { SHOP_DOCUMENT } from '../testing/shop-stage.ts';
import { ROOT } from '../testing/sla.ts';
import { buildPackage } from './build.ts';
import { Stack } from './node-22.ts';

/**
 * Tests the content of the npm package, and its commands that send no load. The package is compiled for real, inside the
 * checkout because of its dependencies.
 */

const PLACE = join(ROOT, '.sla', `package-test-${process.pid}`);
const PACKAGE = join(PLACE, 'package');
const USER = join(PLACE, 'user');
/** The socket of the background stack. The package never starts a stack, but asks whether one is up. */
const STACK = /update\(io\.root\)|'\.sla', 'stack'|'sla\.ts'|cwd: io\.root/;

const SHOP = `${SHOP_DOCUMENT}scenarios:
  steady: { description: steady, script: mine.js, rate: 50/s, duration: 20s, seed: 1 }
`;

beforeAll(async () => {
  await buildPackage({ root: ROOT, tsc: join(ROOT, 'node_modules', '.bin', 'tsc'), folder: PACKAGE });
  await mkdir(USER);
  await writeFile(join(USER, 'shop.yaml'), SHOP);
});
afterAll(() => rm(PLACE, { recursive: true, force: true }));

const files = () =>
  readdirSync(PACKAGE, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(PACKAGE, file)).isFile(),
  );

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(PACKAGE, 'scripts', 'package', 'bin.js'), ...args],
    { cwd: USER, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  );
  return { code: status, stdout, stderr };
}

describe('the content of the package', () => {
  test('is compiled: it contains no sources except the library of load scripts', () => {
    const sources = files().filter((file) => /(?<!\.d)\.ts$/.test(file));
    expect(sources.every((file) => file.startsWith('loadtests/lib/'))).toBe(true);
  });

  test('contains nothing of the sentiment service except names of metrics and faults, and no tests', () => {
    const ofService = files().filter((file) => file.startsWith('service/'));
    expect(ofService.toSorted()).toEqual(['service/fault-spec.js', 'service/metric-names.js']);
    expect(files().filter((file) => /\.test\.|testing\/|bench\/|selftest/.test(file))).toEqual([]);
  });

  test('imports only files that it contains', () => {
    const missing = files()
      .filter((file) => /\.(js|d\.ts)$/.test(file))
      .flatMap((file) =>
        [
          ...readFileSync(join(PACKAGE, file), 'utf8').matchAll(
            /^(?:import|export|\})[^'"\n]*\bfrom '(\.[^']+)'/gm,
          ),
        ].map(([, target]) => [file, normalize(join(dirname(file), target!))] as const),
      )
      .filter(([file, target]) => {
        const compiled = file.endsWith('.d.ts') ? target.replace(/\.js$/, '.d.ts') : target;
        return !existsSync(join(PACKAGE, compiled));
      });
    expect(missing).toEqual([]);
  });

  test('depends on exactly the packages that docs/embedding.md explains', () => {
    const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
    const docs = readFileSync(join(ROOT, 'docs', 'embedding.md'), 'utf8');
    const [, table] = /## Dependencies\n([\s\S]*?)\n## /.exec(docs)!;
    const explained = [...table!.matchAll(/^\| ([a-z-]+) \| .+MB \|$/gm)].map(([, name]) => name!);
    expect(Object.keys(manifest.dependencies).toSorted()).toEqual(explained.toSorted());
    const peers = Object.entries(manifest.peerDependencies).map((peer) => peer.join('@'));
    expect(peers).toEqual([GRAFANA_LIBRARY]);
    expect(manifest.peerDependenciesMeta).toEqual({ '@grafana/grafana-foundation-sdk': { optional: true } });
    for (const name of explained.filter((one) => one !== 'ml-levenberg-marquardt')) {
      const { dependencies = {} } = JSON.parse(
        readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'),
      );
      expect(Object.keys(dependencies), name).toEqual([]);
    }
  });

  test('reads nothing from its own folder except its version and the library of load scripts', () => {
    const uses = files()
      .filter((file) => file.endsWith('.js'))
      .flatMap((file) => [...readFileSync(join(PACKAGE, file), 'utf8').matchAll(/^.*\bio\.root\b.*$/gm)])
      .map(([line]) => line.trim());
    const allowed = [
      /harnessVersion\(io\.root\)/,
      /copyFile\(join\(io\.root, 'loadtests', 'lib', name\)/,
      STACK,
    ];
    expect(uses.filter((line) => !allowed.some((one) => one.test(line)))).toEqual([]);
  });

  test('stays below its size limit', () => {
    const bytes = files().reduce((sum, file) => sum + statSync(join(PACKAGE, file)).size, 0);
    expect(bytes).toBeLessThan(2.5 * 2 ** 20);
  });

  test('contains every file that a new load script imports', () => {
    const script = scriptText({ service: { warmUp: null } } as never, false);
    const imported = [...script.matchAll(/from '\.\/(lib\/[^']+)'/g)].map(([, file]) => file!);
    expect(imported.length).toBeGreaterThan(0);
    for (const file of imported) expect(files()).toContain(`loadtests/${file}`);
  });
});

describe('the commands of the package', () => {
  test('find documents in the working directory, and write commands in messages as users type them', () => {
    expect(run('check', 'shop.yaml')).toMatchObject({
      code: 0,
      stdout: 'shop.yaml: ok, 2 objectives, 1 scenario\n',
    });
    const written = run('new', 'sla', 'checkout');
    expect(written).toMatchObject({ code: 0 });
    expect(written.stderr).toContain('npx sla-harness check slas/documents/checkout.yaml');
    expect(existsSync(join(USER, 'slas', 'documents', 'checkout.yaml'))).toBe(true);
    expect(run('rules', '--sla', 'shop.yaml').stdout).toContain(
      '# Written by npx sla-harness rules from shop.yaml',
    );
    expect(run('--help').stdout).toContain('Usage: sla-harness');
    expect(run('--help').stdout + run('gate', '--help').stdout).not.toContain('./sla ');
  });

  test('init asks a running service, and writes files that check accepts', { timeout: 60_000 }, async () => {
    await using shop = await startShop();
    for (const path of ['/products', '/products/1']) await (await fetch(shop.url + path)).text();
    const folder = join(PLACE, 'asked');
    await mkdir(folder);
    const inFolder = (...args: string[]) =>
      promisify(execFile)(process.execPath, [join(PACKAGE, 'scripts/package/bin.js'), ...args], {
        cwd: folder,
      });
    const { stderr } = await inFolder('init', '--metrics', `${shop.url}/metrics`, '--name', 'shop');
    const [, document] = /^next: npx sla-harness check (\S+)$/m.exec(stderr)!;
    expect((await inFolder('check', document!)).stdout).toContain(`${document}: ok`);
    expect(stderr).toMatch(/^then: npx sla-harness gate --script \S+ --sla /m);
  });

  test('new scenario writes a script with its library, and keeps a changed library', async () => {
    await mkdir(join(USER, 'loadtests', 'lib'), { recursive: true });
    await writeFile(join(USER, 'loadtests', 'lib', 'random.ts'), '// mine\n');
    await cp(join(USER, 'shop.yaml'), join(USER, 'peak.yaml'));
    await writeFile(join(USER, 'peak.yaml'), SHOP.replace(/scenarios:[\s\S]*/, ''));
    expect(run('new', 'scenario', 'peak', '--sla', 'peak.yaml')).toMatchObject({ code: 0 });
    const lib = readdirSync(join(USER, 'loadtests', 'lib'));
    expect(lib.toSorted()).toEqual(['bodies.ts', 'load.ts', 'random.ts', 'request.ts', 'schedule.ts']);
    expect(readFileSync(join(USER, 'loadtests', 'lib', 'random.ts'), 'utf8')).toBe('// mine\n');
    expect(run('plan', '--sla', 'peak.yaml', '--scenario', 'peak')).toMatchObject({ code: 0 });
  });

  test('look for load scripts in the working directory', async () => {
    expect(run('plan', '--sla', 'shop.yaml', '--scenario', 'steady').stderr).toContain(
      'the load script mine.js does not exist',
    );
    await writeFile(join(USER, 'mine.js'), '');
    expect(run('plan', '--sla', 'shop.yaml', '--scenario', 'steady')).toMatchObject({ code: 0, stderr: '' });
  });

  test.each<[string[], string]>([
    [['gate', '--sla', 'shop.yaml'], '--target: the npm package starts no service'],
    [['gate', '--target', 'http://127.0.0.1:1'], '--prometheus: the npm package starts no service'],
    [['plan'], '--sla: name an SLA document with --sla FILE; npx sla-harness init'],
    [['verify'], 'RUN: there is no run folder'],
    ...ONLY_IN_CHECKOUT.map((name): [string[], string] => [
      [name, '--any', 'thing'],
      `${name}: this command is not in the npm`,
    ]),
  ])('%j reports what is missing', (args, message) => {
    const { code, stderr } = run(...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  test('every command that needs a checkout says so', () => {
    const names: string[] = [];
    const recorder: unknown = new Proxy(() => {}, {
      get: (_target, property) => (name: string) => {
        if (property === 'command' && !names.includes(name)) names.push(name);
        return nested;
      },
    });
    const nested: unknown = new Proxy(() => {}, { get: () => () => nested });
    for (const { register } of COMMANDS) register(recorder as never, {} as never, () => {});
    expect(names.toSorted()).toEqual([...ONLY_IN_CHECKOUT].toSorted());
  });

  test('a package with a missing file exits with 4, and not with 1, which would mean a missed SLA', async () => {
    const broken = join(PLACE, 'broken');
    await cp(PACKAGE, broken, { recursive: true });
    await rm(join(broken, 'slas', 'judge', 'judge.js'));
    const done = spawnSync(process.execPath, [join(broken, 'scripts/package/bin.js'), '--help'], {
      encoding: 'utf8',
    });
    expect(done.status).toBe(4);
    expect(done.stderr).toContain('the harness cannot be loaded');
  });
});

test('the worker thread for looks at a run can be started', async () => {
  const worker = new Worker(join(PACKAGE, 'scripts', 'run', 'looks', 'look-worker.js'));
  const failed = once(worker, 'error').then(([error]) => error as Error);
  // The worker cannot judge this message. The error must come from the worker's own code, not from a file that Node.js
  // cannot find.
  worker.postMessage(null);
  expect((await failed).stack).toContain(join('looks', 'look-worker.js'));
});

describe('replacements for features that Node.js 22 lacks', () => {
  test('all steps run in reverse order, even if one fails', async () => {
    const order: number[] = [];
    const stack = new Stack();
    stack.defer(() => order.push(1));
    stack.use({ [Symbol.asyncDispose]: async () => void order.push(2) });
    stack.defer(() => {
      throw new Error('third');
    });
    const moved = stack.move();
    await stack.disposeAsync();
    expect(order).toEqual([]);
    await expect(moved.disposeAsync()).rejects.toThrow('third');
    expect(order).toEqual([2, 1]);
  });
});

test('the example of docs/embedding.md is valid TypeScript for the types of the package', async () => {
  const docs = readFileSync(join(ROOT, 'docs', 'embedding.md'), 'utf8');
  const [, example] = /```ts\n([\s\S]*?)```/.exec(docs)!;
  const folder = join(PLACE, 'embedding');
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await cp(PACKAGE, join(folder, 'node_modules', 'sla-harness'), { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'example.ts'), example!);
  const options = [
    '--ignoreConfig',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
    '--noEmit',
  ];
  // Without skipLibCheck, the compiler also checks every declaration of the package.
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  expect(() =>
    execFileSync(tsc, [...options, 'example.ts'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }),
  ).not.toThrow();
});
