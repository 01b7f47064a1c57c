import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, sla, slaHere, temporaryFolder } from '../testing/sla.ts';

/** Tests that need no load: invalid usage, invalid documents and help. The commands run in this process, which is fast. */

describe('invalid usage exits with 2 and names the problem', () => {
  test.each([
    [['gate', '--scenario', 'nope'], 'no scenario "nope": it has smoke, steady'],
    [['gate', '--rate', 'fast'], '--rate: "fast" is not a valid rate'],
    [['gate', '--rate', '10'], 'sends 10/s: throughput "> 15/s" cannot be met'],
    [['gate', '--rate', '-5'], '--rate: "-5" is not a valid rate'],
    [['gate', '--duration', '0s'], '--duration: "0s" is not a valid duration'],
    [
      ['gate', '--confidence', '95'],
      '--confidence: "95" is not a valid confidence (0.9 to less than 1): write it as 0.95 or 95%',
    ],
    [['gate', '--confidence', '9500%'], '--confidence: "9500%" is not a valid confidence (0.9'],
    [['gate', '--confidence', '0.51'], '--confidence: "0.51" is not a valid confidence (0.9'],
    [['verify', '--confidence', '0.89'], '--confidence: "0.89" is not a valid confidence'],
    [['verify', '--confidence', '1.0'], '--confidence: "1.0" is not a valid confidence'],
    [['gate', '--faults', 'latenzy=3'], 'latenzy'],
    [['gate', '--faults', 'latency=3'], 'latency'],
    [
      ['gate', '--target', 'http://127.0.0.1:1'],
      '--prometheus: a service that is already running needs both',
    ],
    [
      ['gate', '--target', 'http://10.0.0.1', '--prometheus', 'http://127.0.0.1:1'],
      'is not allowed: load is sent to this machine only',
    ],
    [
      ['gate', '--snapshot', '--target', 'http://127.0.0.1:1', '--prometheus', 'http://127.0.0.1:2'],
      '--snapshot: a snapshot needs a Prometheus that is started for the run',
    ],
    [['gate', '--target', 'localhost', '--prometheus', 'http://127.0.0.1:1'], 'is not a valid http address'],
    [
      ['gate', '--target', 'http://127.0.0.1:1/api', '--prometheus', 'http://127.0.0.1:1'],
      'must be an address only',
    ],
    [
      ['gate', '--target', 'http://a:secret@127.0.0.1', '--prometheus', 'http://127.0.0.1:1'],
      '//[redacted]@127.0.0.1',
    ],
    [['gate', '--max-rate', 'much'], '--max-rate: "much" is not a valid rate (0.01/s to 10000/s)'],
    [['plan', '--max-duration', '5m'], '--max-duration: it applies only with --until-decided'],
    [
      ['gate', '--until-decided', '--no-abort'],
      '--no-abort: a run that lasts until it is decided always stops early',
    ],
    [['run', 'smoke', '--max-duration', '0s'], '--max-duration: "0s" is not a valid duration (1s to 24h)'],
    [['run', 'stress', '--max-rate', '100'], 'that --max-rate allows (phase "double" with 120/s)'],
    [['gate', '--sla', 'nope.yaml'], 'nope.yaml: the SLA document cannot be read: there is no such file'],
    [['gate', '--generators', '0'], '--generators: "0" is not a valid number of load generators (1 to 64)'],
    [['gate', '--bogus'], "unknown option '--bogus'"],
    [['gate', 'smoke'], 'too many arguments'],
    [['run'], 'SCENARIO: name the scenario to run'],
    [['new', 'scenario', 'Evening Peak'], '"Evening Peak" is not a valid scenario name'],
    [['new', 'scenario', 'smoke'], 'already has a scenario "smoke"'],
    [['new', 'sla', 'sentiment-api'], 'already exists: choose another name'],
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['check'], "missing required argument 'file'"],
    [['verify', 'no-such-run'], 'RUN: there is no run folder'],
    [['verify', '--from', '1', '--to', '2'], 'a window needs --prometheus URL, --from T and --to T'],
    [['verify', '--offline', '--prometheus', 'http://127.0.0.1:1'], '--offline: a stored run is judged from'],
    [['mutate', 'slas/nope.ts'], 'files: "slas/nope.ts" matches no file of the project'],
    [['mutate', '--concurrency', '0'], '--concurrency: "0" is not a whole number'],
    [['runs', 'prune', '--keep', '0'], '--keep: "0" is not a valid number of runs to keep'],
    [['runs', 'prune', '--keep', 'all'], '"all" is not a valid number'],
    [
      ['verify', '--prometheus', 'http://127.0.0.1:1', '--from', 'noon', '--to', '2'],
      '--from: "noon" is not a valid time',
    ],
    [
      ['verify', '--prometheus', 'http://127.0.0.1:1', '--from', '2026-01-01T00:00:00', '--to', '2'],
      'with a zone',
    ],
    [
      ['verify', '--prometheus', 'http://127.0.0.1:1', '--from', '2026-02-30T00:00:00Z', '--to', '2'],
      'is not a valid time',
    ],
    [
      ['verify', '--prometheus', 'http://127.0.0.1:1', '--from', 'hello 1 Z', '--to', '2'],
      'is not a valid time',
    ],
    [['verify', '--prometheus', 'http://127.0.0.1:1', '--from', '9', '--to', '2'], 'is not after --from'],
    [
      ['verify', '--prometheus', 'http://127.0.0.1:1', '--from', '9', '--to', '99999999999'],
      'is in the future',
    ],
    [
      ['verify', '--prometheus', 'nowhere', '--from', '1', '--to', '2'],
      '"nowhere" is not a valid http address',
    ],
    [
      ['verify', '--listen', ':0', '--prometheus', 'http://127.0.0.1:1', '--json'],
      '--json: applies to a verdict that is printed',
    ],
    [['simulate', '--runs', 'many'], '--runs: "many" is not a whole number'],
    [['simulate', '--budget', '1h'], '--budget: applies to --capacity: add it, or leave this option out'],
    [
      ['simulate', '--capacity', '--hold', '1m'],
      '--hold: "1m" is not a valid duration for a hold (2m to 4h): write it as 5m',
    ],
    [['simulate', '--seed', '3'], '--seed: write it as a whole number, with --until-decided or --capacity'],
    [
      ['simulate', '--service', 'stalls'],
      '--service: applies to --until-decided: add it, or leave this option out',
    ],
    [
      ['simulate', '--until-decided', '--service', 'stall'],
      '--service: "stall" is not a simulated service: name one of "independent", "M/G/2 at 0.5"',
    ],
    [
      ['simulate', '--until-decided', '--max-duration', '7m'],
      '--max-duration: "7m" is not possible: 10m or 5m',
    ],
    [
      ['doctor', '--namespace', 'a'],
      '--namespace: applies to a cluster only: add --kubernetes, or leave it out',
    ],
    [
      ['doctor', '--kubernetes', '--namespace', 'Sentiment'],
      '--namespace: "Sentiment" is not a valid namespace name',
    ],
    [['rules', '--window', 'long'], '--window: "long" is not a valid duration'],
    [['rules', '--for', '-1s'], '--for: "-1s" is not a valid duration'],
    [
      ['rules', '--runbooks', 'https://wiki.example.org/{name}'],
      '--runbooks: "https://wiki.example.org/{name}" contains {name}: only {alert}',
    ],
    [
      ['kubernetes', 'generate', '--runbooks', 'https://wiki.example.org/{name}'],
      '--runbooks: "https://wiki.example.org/{name}" contains {name}: only {alert}',
    ],
    [['rules', '--sla', 'nope.yaml'], 'there is no such file'],
    [['serve', '--port', '99999'], '"99999" is not a valid port'],
    [['stack', 'up', '--with', 'music'], '"music" is not a part of a local stack'],
    [
      ['stack', 'up', '--stack', 'containers', '--with', 'music'],
      '"music" is not an option for --stack containers',
    ],
    [['stack', 'up', '--stack', 'boat'], '"boat" is not a valid stack'],
    [['stack', 'up', '--stack', 'containers', '--port', '8000'], 'containers use free ports'],
    [['gate', '--stack', 'boat'], '"boat" is not a valid stack: use local, containers, kubernetes or none'],
    [['gate', '--stack', 'none'], '"none" needs --target URL and --prometheus URL'],
    [['gate', '--toxic', 'latency=1s'], 'the proxy that injects it is a container: add --stack containers'],
    [['gate', '--stack', 'containers', '--toxic', 'latency=fast'], '"latency=fast" is not a valid toxic'],
    [['gate', '--stack', 'containers', '--snapshot'], 'not available with --stack containers'],
    [['gate', '--with', 'logs'], 'these parts are containers'],
    [
      [
        'gate',
        '--stack',
        'containers',
        '--target',
        'http://127.0.0.1:1',
        '--prometheus',
        'http://127.0.0.1:2',
      ],
      'containers starts its own service',
    ],
    [['stack', 'up', '--port', 'x'], '"x" is not a valid port'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await slaHere(args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  test('serve reads the port from the environment unless --port is given', async () => {
    const { code, stderr } = await sla(['serve'], { env: { PORT: 'http' } });
    expect(stderr).toContain('PORT: "http" is not a whole number from 0 to 65535');
    expect(code).toBe(2);
  });

  test('several problems are reported at once', async () => {
    const { stderr } = await slaHere([
      'verify',
      '--prometheus',
      'nowhere',
      '--from',
      'noon',
      '--to',
      'later',
    ]);
    expect(stderr).toContain('nowhere');
    expect(stderr).toContain('noon');
    expect(stderr).toContain('later');
  });
});

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(await slaHere(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('an invalid address is reported before anything is started', async () => {
  const env = { ALERT_WEBHOOK_URL: 'nowhere' };
  const { code, stderr } = await sla(['stack', 'up', '--with', 'alerts'], { env });
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('ALERT_WEBHOOK_URL: "nowhere" is not a valid http address'),
  ]);
});

describe('help', () => {
  test.each([[['--help']], [['gate', '--help']]])('%j exits 0', async (args) => {
    const { code, stdout } = await slaHere(args);
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: sla');
  });

  const A_VALUE: Readonly<Record<string, string>> = {
    '--stack': 'none',
    '--from': '1',
    '--to': '2',
    '--with': 'tracing',
    '--toxic': 'latency=1s',
    '--listen': '127.0.0.1:0',
    '--context': 'a',
    '--namespace': 'a',
    '--runner': 'a.yaml',
    '--target': 'http://127.0.0.1:1',
    '--prometheus': 'http://127.0.0.1:1',
  };

  /** The options of a command, with the options that each one needs according to the help. */
  async function neededBy(command: string): Promise<readonly (readonly [string, readonly string[]])[]> {
    const { stdout } = await slaHere([command, '--help']);
    const options = stdout.slice(stdout.indexOf('Options:')).split(/\n {2}(?:-\w, )?(?=--)/);
    return options.flatMap((text) => {
      const words = text.replace(/\s+/g, ' ');
      const [, needs] =
        /\bneeds ((?:--\S+?(?: and )?)+)[,;) ]/.exec(words) ??
        /(?:\s|\(only )with (--(?:stack|kubernetes)\b)/.exec(words) ??
        [];
      const name = /^--[\w-]+/.exec(words)?.[0];
      return name === undefined || needs === undefined || needs === name
        ? []
        : [[name, needs.split(' and ')] as const];
    });
  }

  test('an option that needs another one is rejected if that is missing', async () => {
    const checked: string[] = [];
    for (const command of ['gate', 'run', 'capacity', 'verify', 'init', 'review', 'doctor'])
      for (const [option, needed] of await neededBy(command)) {
        checked.push(`${command} ${option}`);
        const value = A_VALUE[option];
        const given = [
          ...(command === 'run' ? ['smoke'] : []),
          option,
          ...(value === undefined ? [] : [value]),
        ];
        // These options are allowed without the stack, because their help names an exception or a default.
        if (option === '--snapshot' || option === '--generators') continue;
        const { code, stderr } = await slaHere([command, ...given]);
        expect({ command, option, code }).toEqual({ command, option, code: 2 });
        for (const other of needed) expect(stderr, `${command} ${option}`).toContain(other);
      }
    expect(checked).toEqual(
      expect.arrayContaining([
        'gate --target',
        'gate --runner',
        'capacity --prometheus',
        'verify --from',
        'verify --listen',
        'init --prometheus',
        'review --prometheus',
        'doctor --context',
      ]),
    );
  });

  test('with --stack kubernetes, neither --target nor --prometheus needs the other', async () => {
    for (const option of ['--target', '--prometheus']) {
      const args = ['gate', '--stack', 'kubernetes', option, A_VALUE[option]!, '--rate', 'fast'];
      // The only reported problem is the rate.
      expect((await slaHere(args)).stderr).toMatch(/^--rate: "fast" is not a valid rate[^\n]*\n$/);
    }
  });

  test('the help lists the exit codes', async () => {
    expect((await slaHere(['--help'])).stdout).toContain('3 inconclusive');
  });
});

describe('plan', () => {
  test('reports what the run can decide', async () => {
    const { code, stdout, stderr } = await slaHere(['plan', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      plannedRequests: 1500,
      confidence: null,
      objectives: expect.arrayContaining([expect.objectContaining({ id: 'latency-p99', least: 299 })]),
      problems: [],
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test('a load that is too short exits with 2, and the message says which load is needed', async () => {
    const { code, stdout, stderr } = await slaHere(['plan', '--scenario', 'smoke', '--duration', '10s']);
    expect(stdout).toContain('smoke: 200 requests in 10 s');
    expect(stderr).toContain('needs 299 requests, 200 are planned; make it at least 15 s long');
    expect(code).toBe(2);
  });

  test.each([[['gate', '--duration', '5s']], [['run', 'smoke', '--duration', '5s']]])(
    '%j is rejected before anything is started',
    async (args) => {
      const { code, stderr } = await slaHere(args);
      expect(stderr).toContain('is too short');
      expect(stderr).not.toContain('starting');
      expect(code).toBe(2);
    },
  );
});

test('simulate prints a row for each service, percentile and length', async () => {
  const { code, stdout } = await slaHere(['simulate', '--runs', '2']);
  expect(stdout.match(/^\| (independent|M\/G\/2 at 0\.\d|AR\(1\)|stalls) \| 9[59] \|.*\|$/gm)).toHaveLength(
    36,
  );
  expect(code).toBe(0);
});

test('simulate --until-decided can be restricted to one service and one maximum duration', async () => {
  const args = ['simulate', '--until-decided', '--runs', '2', '--service', 'stalls', '--max-duration', '5m'];
  const { code, stdout } = await slaHere(args);
  expect(stdout.match(/^\| stalls \| 9[59] \| 300 s \| (1|3|0\.7) \|.*\|$/gm)).toHaveLength(6);
  expect(code).toBe(0);
  const another = await slaHere([...args, '--seed', '12']);
  expect(another.code).toBe(0);
  expect(another.stdout).not.toBe(stdout);
});

test('run --list prints a line for each scenario', async () => {
  const { code, stdout } = await slaHere(['run', '--list']);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.split(' ')[0])).toEqual([
    'smoke',
    'steady',
    'stress',
    'spike',
    'soak',
    'breakpoint',
    'batch',
    'mixed',
    'bad-input',
    'drift',
  ]);
  expect(lines.every((line) => /^\S+ {2,}\S.{20,}$/.test(line))).toBe(true);
  expect(code).toBe(0);
});

describe('rules', () => {
  test('are printed exactly as committed', async () => {
    const { code, stdout } = await slaHere(['rules']);
    expect(stdout).toBe(await readFile(join(ROOT, 'slas/generated/sentiment-api.rules.yaml'), 'utf8'));
    expect(code).toBe(0);
  });

  test('are written to a file, with custom windows', async () => {
    await using folder = await temporaryFolder();
    const runbooks = ['--runbooks', 'https://wiki.example.org/{alert}'];
    const args = ['rules', '--window', '30s', '--for', '5s', ...runbooks, '--out', 'my.rules.yaml'];
    const { code, stdout } = await slaHere(args, folder.path);
    expect(stdout).toBe('');
    expect(code).toBe(0);
    const written = await readFile(join(folder.path, 'my.rules.yaml'), 'utf8');
    expect(written).toContain('sla:bad_share:over30s');
    expect(written).toContain('for: 5s');
    expect(written).toContain('runbook_url: https://wiki.example.org/HighErrorRate\n');
    expect(written).not.toContain('docs/runbooks');
  });

  test('--raw on a document without raw rules is invalid usage', async () => {
    await using folder = await temporaryFolder();
    const shipped = await readFile(join(ROOT, 'slas', 'documents', 'sentiment-api.yaml'), 'utf8');
    await writeFile(join(folder.path, 'a.yaml'), shipped.slice(0, shipped.indexOf('\nalerting:')));
    const { code, stderr } = await slaHere(['rules', '--raw', '--sla', 'a.yaml'], folder.path);
    expect(stderr).toContain('--raw: the document has no alerting.raw');
    expect(code).toBe(2);
  });
});

describe('check', () => {
  test('the shipped document has no problem', async () => {
    const { code, stdout } = await slaHere(['check', 'slas/documents/sentiment-api.yaml']);
    expect(stdout).toBe('slas/documents/sentiment-api.yaml: ok, 10 objectives, 10 scenarios\n');
    expect(code).toBe(0);
  });

  test('every problem of every file is reported with its position', async () => {
    await using folder = await temporaryFolder();
    const shipped = await readFile(join(ROOT, 'slas', 'documents', 'sentiment-api.yaml'), 'utf8');
    await writeFile(
      join(folder.path, 'a.yaml'),
      shipped.replace('< 200ms', '< 210').replace('lost: bad', 'lost: good'),
    );
    await writeFile(join(folder.path, 'b.yaml'), 'kind: [');
    const { code, stderr } = await slaHere(['check', 'a.yaml', 'b.yaml', 'c.yaml'], folder.path);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^a\.yaml:\d+:13: "210" is not a valid duration/m);
    expect(stderr).toMatch(/^a\.yaml:\d+:\d+: objectives\[2\]\.ratio\.lost must be "bad"/m);
    expect(stderr).toMatch(/^b\.yaml:1:\d+: not valid YAML/m);
    expect(stderr).toMatch(/^c\.yaml: the SLA document cannot be read/m);
  });

  test('a limit that is not a bucket edge is only a warning, which shows the line that adds the edge', async () => {
    await using folder = await temporaryFolder();
    const shipped = await readFile(join(ROOT, 'slas', 'documents', 'sentiment-api.yaml'), 'utf8');
    await writeFile(join(folder.path, 'a.yaml'), shipped.replace('< 200ms', '< 210ms'));
    const { code, stdout } = await slaHere(['check', 'a.yaml'], folder.path);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^a\.yaml:\d+:13: warning: "< 210ms" is not a bucket edge of http_request_duration_seconds: it lies between 0\.2 s and 0\.25 s/m,
    );
    expect(stdout).toMatch(
      /^ {4}give the histogram http_request_duration_seconds these bucket edges: .*0\.2, 0\.21, 0\.25/m,
    );
  });
});

describe('verify of a window', () => {
  test('a Prometheus that cannot be reached is inconclusive', async () => {
    const args = [
      'verify',
      '--prometheus',
      'http://user:secret@127.0.0.1:9',
      '--from',
      '1000',
      '--to',
      '2000',
      '--json',
    ];
    const { code, stdout, stderr } = await slaHere(args);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'inconclusive', exitCode: 3 });
    expect(stdout + stderr).not.toContain('secret');
  });
});

describe('a run folder that is incomplete', () => {
  test('names the file that is missing', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'plan.json'), '{}');
    const { code, stderr } = await slaHere(['verify', folder.path]);
    expect(stderr).toContain(`${join(folder.path, 'manifest.json')}: the run does not match its seal`);
    expect(code).toBe(2);
  });

  test('is distinguished from a folder without a run', async () => {
    await using folder = await temporaryFolder();
    const { code, stderr } = await slaHere(['verify', folder.path]);
    expect(stderr).toContain(`RUN: there is no run in ${folder.path}`);
    expect(code).toBe(2);
  });
});

test('the npm scripts use the launcher in the project root', async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect(scripts).toMatchObject({ gate: './sla gate', test: './sla test' });
});
