import { appendFile, cp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Evidence, Verdict } from '../../slas/model/model.ts';
import { type Running, start, waitFor } from '../process/processes.ts';
import { seal } from '../runs/seal.ts';
import { type Done, ROOT, sla, slaHere, type TemporaryFolder, temporaryFolder } from '../testing/sla.ts';
import { expectVerdict } from '../testing/verdict.ts';

/**
 * One real gate; all other tests work on copies of its run folder. The service's speed on this machine does
 * not matter here: judging the run again must give the same verdict.
 */

let runs: TemporaryFolder;
let gated: Done;
let original: string;

beforeAll(async () => {
  runs = await temporaryFolder();
  const args = ['--scenario', 'smoke', '--rate', '30', '--duration', '12s', '--snapshot', '--json'];
  const env = { GITHUB_RUN_ID: '4711', GITHUB_TOKEN: 'ghs_never-written-0123456789' };
  gated = await sla(['gate', ...args, '--out', runs.path], { env });
  original = join(runs.path, 'latest');
}, 90_000);
afterAll(() => runs[Symbol.asyncDispose]());

interface Copy extends AsyncDisposable {
  readonly path: string;
}

async function copyRun(): Promise<Copy> {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'run');
  await cp(original, path, { recursive: true, dereference: true });
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** Preloaded into a process: exits with 99 when a connection or a DNS lookup is attempted. */
const NO_NETWORK = `--import=data:text/javascript,${encodeURIComponent(
  `import net from 'node:net'; import dns from 'node:dns';
   net.Socket.prototype.connect = () => process.exit(99); dns.lookup = () => process.exit(99);`,
)}`;

describe('a bundle without Prometheus', () => {
  test('gives the same verdict byte by byte, without network access', async () => {
    // On a busy machine the run is inconclusive, and that verdict must be reproduced, too.
    expectVerdict(gated, () => expect([0, 1, 3], gated.stderr).toContain(gated.code));
    const offline = await sla(['verify', original, '--offline', '--json'], {
      env: { NODE_OPTIONS: NO_NETWORK },
    });
    expect(offline).toEqual({ code: gated.code, stdout: gated.stdout, stderr: '' });
    expect(await readFile(join(original, 'verdict.json'), 'utf8')).toBe(gated.stdout);
    const asks = ['verify', original, '--prometheus', 'http://127.0.0.1:65000'];
    expect((await sla(asks, { env: { NODE_OPTIONS: NO_NETWORK } })).code).toBe(99);
  });

  test('its manifest lists every file including logs, and no file is left half-written', async () => {
    const { files } = JSON.parse(await readFile(join(original, 'manifest.json'), 'utf8'));
    const entries = await readdir(await realFolder(), { recursive: true, withFileTypes: true });
    const found = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    const listed = files.map(({ path }: { path: string }) => path);
    expect([...listed, 'manifest.json'].sort()).toEqual(
      (await Promise.all(found.map(async (path) => relative(await realFolder(), path)))).sort(),
    );
    expect(listed).toEqual(
      expect.arrayContaining([
        'evidence.json',
        'document.json',
        'environment.json',
        'logs/service.log',
        'load.json',
      ]),
    );
    expect(listed.filter((path: string) => path.includes('.tmp'))).toEqual([]);
  });

  test('records the machine and the versions, and names the job', async () => {
    const environment = JSON.parse(await readFile(join(original, 'environment.json'), 'utf8'));
    const sums = await readFile(join(ROOT, 'service', 'model', 'SHA256SUMS'), 'utf8');
    expect(environment).toMatchObject({
      harness: { version: '0.1.0' },
      git: { commit: expect.stringMatching(/^[0-9a-f]{40}$/), dirty: expect.any(Boolean) },
      model: { name: 'sentiment-small' },
      tools: { node: process.version.slice(1), k6: '2.2.0', prometheus: '3.16.0' },
      machine: {
        processors: expect.any(Number),
        kernel: expect.any(String),
        memoryBytes: expect.any(Number),
      },
      ci: { GITHUB_RUN_ID: '4711' },
    });
    expect(sums).toContain(environment.model.sha256);
    expect(JSON.stringify(environment)).not.toContain('ghs_');
  });
});

const realFolder = async () =>
  join(runs.path, (await readdir(runs.path)).find((name) => name.includes('smoke'))!);

describe('an altered bundle is rejected, and the file is named', () => {
  const HASHES = /expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}/;
  const alterations: Record<string, [(path: string) => Promise<unknown>, string, RegExp]> = {
    'a sample': [
      async (path) => {
        const file = join(path, 'evidence.json');
        await writeFile(file, (await readFile(file, 'utf8')).replace(/"(\d+)"\n/, '"1$1"\n'));
      },
      'evidence.json',
      HASHES,
    ],
    'a limit in the plan': [
      async (path) => {
        const file = join(path, 'plan.json');
        await writeFile(file, (await readFile(file, 'utf8')).replace('"value": 0.2', '"value": 0.5'));
      },
      'plan.json',
      HASHES,
    ],
    'an additional line in a log': [
      (path) => appendFile(join(path, 'logs', 'k6.log'), '\n'),
      'logs/k6.log',
      HASHES,
    ],
    'a missing file': [
      (path) => rm(join(path, 'run.json')),
      'run.json',
      /is missing, expected sha256 [0-9a-f]{64}/,
    ],
    'an additional file': [
      (path) => writeFile(join(path, 'notes.txt'), 'all is well'),
      'notes.txt',
      /not in manifest\.json: expected sha256 none, found [0-9a-f]{64}/,
    ],
    'a link in place of a file': [
      async (path) => {
        await cp(join(path, 'plan.json'), join(path, '..', 'plan.json'));
        await rm(join(path, 'plan.json'));
        await symlink('../plan.json', join(path, 'plan.json'));
      },
      'plan.json',
      /found something that is not a plain file/,
    ],
    'a manifest that does not parse': [
      (path) => appendFile(join(path, 'manifest.json'), ','),
      'manifest.json',
      /does not parse/,
    ],
    'null as manifest': [
      (path) => writeFile(join(path, 'manifest.json'), 'null'),
      'manifest.json',
      /is not a manifest/,
    ],
    'a manifest without hashes': [
      async (path) => {
        const file = join(path, 'manifest.json');
        await writeFile(file, (await readFile(file, 'utf8')).replaceAll('sha256"', 'sha1"'));
      },
      'manifest.json',
      /is not a manifest/,
    ],
    'no manifest': [
      (path) => rm(join(path, 'manifest.json')),
      'manifest.json',
      /is missing: the run did not finish/,
    ],
  };

  test.each(Object.entries(alterations))('%s', async (_, [alter, file, message]) => {
    await using run = await copyRun();
    await alter(run.path);
    for (const how of [['--offline'], [], ['--prometheus', 'http://127.0.0.1:9']]) {
      const { code, stdout, stderr } = await slaHere(['verify', run.path, '--json', ...how]);
      expect(stderr).toContain(`${join(run.path, file)}: the run does not match its seal, and is not judged`);
      expect(stderr).toMatch(message);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    }
  });

  test('all alterations are reported at once', async () => {
    await using run = await copyRun();
    await appendFile(join(run.path, 'verdict.txt'), '!');
    await rm(join(run.path, 'junit.xml'));
    const { stderr } = await slaHere(['verify', run.path]);
    expect(stderr).toContain('verdict.txt');
    expect(stderr).toContain('junit.xml');
  });
});

test('a stored verdict that does not follow from the evidence is reported, and not trusted', async () => {
  await using run = await copyRun();
  const verdict = JSON.parse(gated.stdout) as Verdict;
  const first = { ...verdict.objectives[0]!, samples: 7 };
  const forged = { ...verdict, objectives: [first, ...verdict.objectives.slice(1)] };
  await writeFile(join(run.path, 'verdict.json'), `${JSON.stringify(forged, null, 2)}\n`);
  await seal(run.path);
  const { code, stdout, stderr } = await slaHere(['verify', run.path, '--json']);
  expect(stderr).toContain('the stored evidence now gives a different verdict from the stored one');
  expect(stderr).toContain(`objectives.${first.id}.samples: 7 before, ${verdict.objectives[0]!.samples} now`);
  expect(stdout).toBe(gated.stdout);
  expect(code).toBe(gated.code);
});

describe('querying the evidence again', () => {
  let prometheus: Running;
  let url: string;
  let folder: TemporaryFolder;

  // The test uses a copy, because Prometheus writes to its folder, and the bundle is sealed.
  beforeAll(async () => {
    folder = await temporaryFolder();
    await cp(join(original, 'prometheus-snapshot'), join(folder.path, 'data'), { recursive: true });
    await writeFile(join(folder.path, 'none.yml'), '');
    const args = [
      `--config.file=${join(folder.path, 'none.yml')}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ];
    prometheus = await start('Prometheus', process.env.PROMETHEUS_BIN!, args, {
      cwd: folder.path,
      env: process.env,
      logFile: join(folder.path, 'prometheus.log'),
    });
    const { signal } = new AbortController();
    url = await waitFor(prometheus, 'starting to listen', 30_000, signal, async () => {
      const line = /msg="Listening on".* address=(\S+)/.exec(await readFile(prometheus.logFile, 'utf8'));
      return line === null ? null : `http://${line[1]}`;
    });
    await waitFor(prometheus, 'getting ready', 30_000, signal, async () =>
      (await fetch(`${url}/-/ready`)).ok ? true : null,
    );
  });
  afterAll(async () => {
    await prometheus.stop();
    await folder[Symbol.asyncDispose]();
  });

  test('a Prometheus on the snapshot gives the same counts and the same verdict', async () => {
    const asked = await slaHere(['verify', original, '--prometheus', url, '--json']);
    expect(asked.stderr).toContain('queried again: the same samples and the same verdict');
    expect(JSON.parse(asked.stdout)).toEqual(JSON.parse(gated.stdout));
    expect(asked.code).toBe(gated.code);
  });

  test('every difference is reported: samples, series, and the change in counts', async () => {
    await using run = await copyRun();
    const file = join(run.path, 'evidence.json');
    const evidence = JSON.parse(await readFile(file, 'utf8')) as Evidence;
    const buckets = evidence.readings.find(({ selector }) => selector.includes('_bucket'))!;
    const up = evidence.readings.find(({ selector }) => selector.startsWith('up{'))!;
    const raised = (value: string) => String(Number(value) + 1);
    // Adds one response to the last scrape of each bucket, and an unknown target.
    const altered = buckets.series.map(({ labels, samples }) => ({
      labels,
      samples: samples.map(([at, value], index) => [
        at,
        index === samples.length - 1 ? raised(value) : value,
      ]),
    }));
    const stranger = {
      labels: { ...up.series[0]!.labels, instance: 'elsewhere:1' },
      samples: up.series[0]!.samples,
    };
    const readings = evidence.readings.map((reading) => {
      if (reading === buckets) return { ...reading, series: altered };
      return reading === up ? { ...reading, series: [...reading.series, stranger] } : reading;
    });
    await writeFile(file, JSON.stringify({ ...evidence, readings }));
    await seal(run.path);

    const { code, stdout, stderr } = await slaHere(['verify', run.path, '--prometheus', url, '--json']);
    expect(stderr).toContain('queried again: different from');
    expect(stderr).toMatch(
      /_bucket\{.*series .*: 1 of \d+ samples differ, the first at .*: \d+ before, \d+ now/,
    );
    expect(stderr).toMatch(/up\{.*"elsewhere:1".*samples differ, the first at .*: 1 before, no sample now/);
    expect(stderr).toMatch(/objectives\.throughput\.samples: 0 before, \d+ now/);
    expect(stderr).toMatch(/THE COUNTS DIFFER from the stored run: latency-p95, latency-p99/);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(gated.stdout));
    expect(code).toBe(gated.code);
  });

  test('with a Prometheus that lacks the data, the verdict is inconclusive, even if the stored verdict is not', async () => {
    const { code, stderr, stdout } = await slaHere([
      'verify',
      original,
      '--prometheus',
      'http://127.0.0.1:9',
      '--json',
    ]);
    expect(stderr).toContain('THE COUNTS DIFFER');
    expectVerdict({ code, stdout, stderr }, ({ verdict }) => {
      expect(verdict).toBe('inconclusive');
      expect(code).toBe(3);
    });
  });
});
