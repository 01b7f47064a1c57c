/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: the scripts and workflows contain templates. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseDocument } from '../../../slas/document/document.ts';
import { EXPOSED } from '../../../slas/testing/exposed-libraries.ts';
import { serve } from '../../testing/http-server.ts';
import { type Done, slaHere, temporaryFolder } from '../../testing/sla.ts';
import { TOOL_SPECS } from '../../tools/specs.ts';

interface Tried extends Done {
  readonly files: (name: string) => Promise<string>;
}

/** Runs `./sla init` in an empty folder, with a server that exposes this text. */
async function initOf(text: string, args: readonly string[], use: (tried: Tried) => Promise<void>) {
  await using folder = await temporaryFolder();
  await using server = await serve((_, response) => void response.end(text));
  const done = await slaHere(['init', '--metrics', `${server.url}/metrics`, ...args], folder.path);
  await use({ ...done, files: (name) => readFile(join(folder.path, name), 'utf8') });
}

describe('./sla init', () => {
  test.each(Object.entries(EXPOSED))('writes a document that check accepts: %s', async (_, text) => {
    await initOf(text, ['--name', 'orders'], async ({ code, files, stderr }) => {
      expect(stderr).toMatch(/^What I chose, and why:/);
      expect(code).toBe(0);
      const parsed = parseDocument(await files('slas/orders.yaml'));
      expect(parsed.ok ? [] : parsed.error).toEqual([]);
      expect(await files('slas/orders.js')).toContain('constant-arrival-rate');
    });
  });

  test('a route, limits and a load are taken from the options', async () => {
    const args = [
      '--name',
      'orders',
      '--p95',
      '500ms',
      '--p99',
      '1s',
      '--errors',
      '0.5%',
      '--rate',
      '50/s',
      '--duration',
      '45s',
    ];
    await initOf(EXPOSED['prom-client']!, args, async ({ files }) => {
      const document = parse(await files('slas/orders.yaml'));
      expect(document.objectives.map((one: { target: string }) => one.target)).toEqual([
        '< 500ms',
        '< 1s',
        '< 0.5%',
      ]);
      expect(document.objectives[0].latency).toMatchObject({
        where: { route: '/orders/:id', status: { matches: '2..' } },
        client: '/orders/:id',
      });
      const script = await files('slas/orders.js');
      expect(script).toContain('rate: 50,');
      expect(script).toContain("duration: '45s'");
      expect(script).toContain("tags: { name: '/orders/:id' }");
    });
  });

  describe('the load', () => {
    const loadOf = async (...args: string[]) => {
      let script: string | null = null;
      let done: Done | undefined;
      await initOf(EXPOSED['prom-client']!, ['--name', 'orders', ...args], async (tried) => {
        done = tried;
        script = await tried.files('slas/orders.js').catch(() => null);
      });
      const of = (field: string) => new RegExp(`${field}: '?([^',]+)`).exec(script ?? '')?.[1];
      return {
        ...done!,
        isWritten: script !== null,
        rate: of('rate'),
        timeUnit: of('timeUnit'),
        duration: of('duration'),
      };
    };

    test('that cannot decide the document is refused, and the message suggests one that can', async () => {
      const { code, stderr, isWritten } = await loadOf('--duration', '12s');
      expect({ code, isWritten }).toEqual({ code: 2, isWritten: false });
      expect(stderr).toBe(
        '--duration: 12 s at 20/s send 240 requests, but objective "error-rate" (< 1%) cannot be decided by fewer than 299: use --duration 15s, or --rate 25/s\n',
      );
      for (const remedy of [
        ['--duration', '15s'],
        ['--duration', '12s', '--rate', '25/s'],
      ])
        expect(await loadOf(...remedy)).toMatchObject({ code: 0, isWritten: true });
    });

    test('is long enough by default, and init reports which objective needs it', async () => {
      const { stderr, duration } = await loadOf('--errors', '0.1%');
      expect(duration).toBe('150s');
      expect(stderr).toContain(
        '  load: 20/s for 150 s, 3,000 requests (objective "error-rate" needs at least 2,995); change it with --rate and --duration\n',
      );
      expect((await loadOf('--rate', '5/s')).duration).toBe('60s');
      expect((await loadOf()).duration).toBe('30s');
    });

    test('is not longer than ten minutes unless the operator requests it', async () => {
      const { code, stderr } = await loadOf('--errors', '0.01%');
      expect(code).toBe(2);
      expect(stderr).toContain(
        'cannot be decided by fewer than 29,956: use --duration 1500s, or --rate 50/s --duration 600s',
      );
      expect(await loadOf('--errors', '0.01%', '--duration', '1500s')).toMatchObject({
        code: 0,
        duration: '1500s',
      });
      expect(await loadOf('--errors', '0.01%', '--rate', '50/s', '--duration', '600s')).toMatchObject({
        code: 0,
      });
    });

    test('is written in units that k6 understands', async () => {
      expect(await loadOf('--rate', '1200/min', '--duration', '1m30s')).toMatchObject({
        rate: '20',
        duration: '90s',
      });
      expect(await loadOf('--rate', '0.5/s', '--duration', '10m')).toMatchObject({
        rate: '30',
        timeUnit: '1m',
      });
    });

    test('is not checked if an existing script defines it', async () => {
      const { code, stderr } = await loadOf('--script', 'mine.js', '--duration', '12s');
      expect(code).toBe(0);
      expect(stderr).not.toContain('  load:');
    });
  });

  test('a limit that is not a bucket edge is accepted with a warning that contains the line to add the edge', async () => {
    await initOf(EXPOSED['prom-client']!, ['--p95', '200ms'], async ({ code, stderr }) => {
      expect(code).toBe(0);
      expect(stderr).toContain('warning: "< 200ms" is not a bucket edge of http_request_duration_seconds');
      expect(stderr).toContain('0.1, 0.2, 0.25');
    });
  });

  test('without a terminal and without an address, init says which options it needs', async () => {
    await using folder = await temporaryFolder();
    const { code, stderr } = await slaHere(['init'], folder.path);
    expect(code).toBe(2);
    expect(stderr).toContain('--metrics: name the metrics of the service');
  });

  test('existing files are kept; the message first suggests a free folder, and --force last', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve((_, response) => void response.end(EXPOSED['prom-client']));
    const init = (...args: string[]) =>
      slaHere(['init', '--metrics', `${server.url}/metrics`, ...args], folder.path);
    const read = (file: string) => readFile(join(folder.path, file), 'utf8');
    expect((await init('--name', 'orders')).code).toBe(0);

    const second = await init('--name', 'payments');
    expect(second).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining(
        '--out: slas/prometheus.yml already exists, and nothing was written. For another service, keep the file and write to a folder of its own: --out slas/payments. To replace the file: --force\n',
      ),
    });
    const first = await read('slas/orders.yaml');
    expect((await init('--name', 'payments', '--out', 'slas/payments')).code).toBe(0);
    expect(await read('slas/payments/payments.yaml')).toContain('name: payments');
    expect(await read('slas/orders.yaml')).toBe(first);

    await writeFile(join(folder.path, 'slas/orders.yaml'), 'mine');
    const again = await init('--name', 'orders');
    expect(again.stderr).toContain('already exist, and nothing was written.');
    expect(again.stderr).toContain(
      'keep the files and write to a folder of its own: --name orders-2 --out slas/orders-2.',
    );
    expect(await read('slas/orders.yaml')).toBe('mine');
    expect((await init('--name', 'orders', '--force')).code).toBe(0);
    expect(await read('slas/orders.yaml')).toBe(first);
  });

  test('two services get separate workflows', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve((_, response) => void response.end(EXPOSED['prom-client']));
    for (const [name, more] of [
      ['orders', []],
      ['payments', ['--out', 'slas/payments']],
    ] as const)
      for (const ci of ['github', 'gitlab']) {
        const args = ['init', '--metrics', `${server.url}/metrics`, '--name', name, '--ci', ci, ...more];
        expect((await slaHere([...args, '--force'], folder.path)).code).toBe(0);
      }
    const read = async (file: string) => parse(await readFile(join(folder.path, file), 'utf8'));
    expect((await read('.github/workflows/sla-orders.yml')).name).toBe('SLA orders');
    expect((await read('.github/workflows/sla-payments.yml')).name).toBe('SLA payments');
    // GitLab merges jobs of included files if they have the same name.
    expect(Object.keys(await read('slas/gitlab-ci.yml'))).toEqual(['sla-orders']);
    expect(Object.keys(await read('slas/payments/gitlab-ci.yml'))).toEqual(['sla-payments']);
  });

  test('a service that has not counted any requests is distinguished from one without metrics', async () => {
    await initOf('# TYPE up gauge\nup 1\n', [], async ({ code, stderr }) => {
      expect(code).toBe(2);
      expect(stderr).toContain('client libraries expose such series only after the first request');
    });
    await initOf('<html></html>', [], async ({ stderr }) => expect(stderr).toContain('has no metrics'));
  });

  test('requests that are counted while init reads the metrics are either scrapes or requests of other clients', async () => {
    for (const [step, expected] of [
      [1, 'counts the scrapes of its metrics'],
      [7, 'other clients sent requests'],
    ] as const) {
      await using folder = await temporaryFolder();
      let count = 10;
      await using server = await serve((_, response) => {
        count += step;
        response.end(`# TYPE http_requests_total counter\nhttp_requests_total{code="200"} ${count}\n`);
      });
      const { stderr } = await slaHere(['init', '--metrics', `${server.url}/metrics`], folder.path);
      expect(stderr).toContain(expected);
      const document = await readFile(join(folder.path, 'slas', 'my-service.yaml'), 'utf8');
      expect(document).toContain(step === 1 ? 'isolated: except-scrapes' : 'isolated: false');
    }
  });

  test('metrics without a Content-Type get a fallback scrape protocol, and init reports that', async () => {
    await initOf(EXPOSED['prom-client']!, ['--name', 'orders'], async ({ stderr, files }) => {
      expect(stderr).toContain('the metrics have no Content-Type');
      expect(await files('slas/prometheus.yml')).toContain('fallback_scrape_protocol: PrometheusText0.0.4');
    });
  });

  test('without buckets, the latency is judged client-side only', async () => {
    await initOf(EXPOSED.micrometer!, ['--name', 'orders', '--p99', '1s'], async ({ stderr, files }) => {
      expect(stderr).toContain('p95: under 200ms, client-side only; change it with --p95');
      const { objectives } = parse(await files('slas/orders.yaml'));
      expect(objectives.slice(0, 2)).toEqual([
        {
          id: 'latency-p95',
          title: '95% of responses within',
          latency: { client: '/orders/:id', percentile: 95 },
          target: '< 200ms',
        },
        {
          id: 'latency-p99',
          title: '99% of responses within',
          latency: { client: '/orders/:id', percentile: 99 },
          target: '< 1s',
        },
      ]);
      expect(await files('slas/orders.js')).not.toContain('thresholds');
    });
  });

  test('a native histogram is recognised and judged', async () => {
    const native = [
      '# TYPE http_requests_total counter',
      'http_requests_total{code="200",path="/orders"} 7',
      '# TYPE http_request_duration_seconds histogram',
      'http_request_duration_seconds_bucket{path="/orders",le="+Inf"} 7',
      'http_request_duration_seconds_sum{path="/orders"} 0.07',
      'http_request_duration_seconds_count{path="/orders"} 7',
      '',
    ].join('\n');
    await initOf(native, ['--name', 'orders'], async ({ stderr, files }) => {
      expect(stderr).toContain('latency: http_request_duration_seconds, a native histogram');
      const { service, objectives } = parse(await files('slas/orders.yaml'));
      expect(service.nativeHistograms).toEqual(['http_request_duration_seconds']);
      expect(objectives[0].latency).toMatchObject({
        histogram: 'http_request_duration_seconds',
        percentile: 95,
      });
      expect(await files('slas/prometheus.yml')).toContain('scrape_native_histograms: true');
    });
  });

  test('on a terminal, init asks for what the options do not specify', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve((_, response) => void response.end(EXPOSED['prom-client']));
    const asked: string[] = [];
    const answers = [`${server.url}/metrics`, 'orders', '/health', '500ms', '', 'none'];
    const ask = async (question: string, otherwise: string) => {
      asked.push(question);
      return answers[asked.length - 1] || otherwise;
    };
    expect((await slaHere(['init'], folder.path, { ask })).code).toBe(0);
    expect(asked).toEqual([
      'Address of the metrics of your service (empty: ask a Prometheus)',
      'Name of the service',
      'Route to judge (/orders/:id, /health)',
      'Limit of the 95th percentile (empty: chosen from the metrics)',
      'Your k6 script (empty: write one)',
      'CI workflow: github, gitlab or none',
    ]);
    const document = await readFile(join(folder.path, 'slas', 'orders.yaml'), 'utf8');
    expect(document).toContain('client: /health');
    expect(document).toContain('target: < 500ms');
  });

  test('a route without counted requests is refused, and the message lists the counted routes', async () => {
    await initOf(EXPOSED['prom-client']!, ['--route', '/order'], async ({ code, stderr }) => {
      expect(code).toBe(2);
      expect(stderr).toContain(
        'no request to "/order" has been counted yet: send one, or name a route that has requests (/orders/:id, /health)',
      );
    });
  });

  test('for a service that requires a token, the files say where it is needed but do not contain it', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve((request, response) => {
      const isLetIn = request.headers.authorization === 'Bearer token-of-orders';
      response.writeHead(isLetIn ? 200 : 401).end(isLetIn ? EXPOSED['prom-client'] : '');
    });
    const args = ['init', '--metrics', `${server.url}/metrics`, '--name', 'orders', '--ci', 'github'];
    const env = { ...process.env, SLA_TARGET_TOKEN: 'token-of-orders' };
    expect((await slaHere(args, folder.path)).code).toBe(2);
    const { code, stderr } = await slaHere(args, folder.path, { env });
    expect(code).toBe(0);
    expect(stderr).toContain('set SLA_TARGET_TOKEN for the gate');
    const read = (file: string) => readFile(join(folder.path, file), 'utf8');
    const config = parse(await read('slas/prometheus.yml'));
    expect(config.scrape_configs[0].authorization).toEqual({ credentials_file: 'token.txt' });
    expect(await read('slas/orders.js')).toContain('authorization: `Bearer ${__ENV.SLA_TARGET_TOKEN}`');
    const workflow = await read('.github/workflows/sla-orders.yml');
    expect(parse(workflow).jobs.gate.env.SLA_TARGET_TOKEN).toBe('${{ secrets.SLA_TARGET_TOKEN }}');
    expect(workflow).toContain('printf %s "$SLA_TARGET_TOKEN" > slas/token.txt && docker run');
    expect(workflow).toContain('--volume "$PWD/slas/token.txt:/etc/prometheus/token.txt" prom/prometheus');
    expect(workflow).not.toContain('token-of-orders');
  });

  test('a service that has only counted requests to /metrics is not judged by these', async () => {
    const text =
      '# TYPE http_requests_total counter\nhttp_requests_total{route="/metrics",status="404"} 1\nhttp_requests_total{route="/health",status="200"} 9\n';
    await initOf(text, [], async ({ code, stdout, stderr }) => {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toBe(
        '--metrics: only health checks and similar requests have been counted (/health, /metrics): send a request to the route to judge and run this again, or name one of these with --route\n',
      );
    });
    await initOf(text, ['--route', '/health'], async ({ code }) => expect(code).toBe(0));
  });

  test('labels with unusual names are recognised by their values', async () => {
    const series = (rest: string, status: string) =>
      `{verb="GET",endpoint_name="/basket",response="${status}"${rest}}`;
    const text = [
      '# TYPE http_request_duration_seconds histogram',
      ...['0.25', '0.5', '+Inf'].map(
        (le) => `http_request_duration_seconds_bucket${series(`,le="${le}"`, '200')} 7`,
      ),
      `http_request_duration_seconds_sum${series('', '200')} 0.1`,
      `http_request_duration_seconds_count${series('', '200')} 7`,
    ].join('\n');
    await initOf(`${text}\n`, ['--name', 'basket'], async ({ code, files }) => {
      expect(code).toBe(0);
      const [latency, errors] = parse(await files('slas/basket.yaml')).objectives;
      expect(latency.latency.where).toEqual({ endpoint_name: '/basket', response: { matches: '2..' } });
      expect(errors.ratio.bad.where).toEqual({ endpoint_name: '/basket', response: { matches: '5..|429' } });
      expect(await files('slas/basket.js')).toContain('`${__ENV.SLA_TARGET}/basket`');
    });
  });

  test('init reports the address of the load, because the metrics may have a different port', async () => {
    await initOf(EXPOSED['prom-client']!, ['--name', 'orders'], async ({ stderr }) =>
      expect(stderr).toMatch(
        / {2}target of the load: http:\/\/127\.0\.0\.1:\d+; if the service takes requests at another address/,
      ),
    );
    await initOf(
      EXPOSED['prom-client']!,
      ['--name', 'orders', '--target', 'http://127.0.0.1:8080'],
      async ({ stderr }) => {
        expect(stderr).not.toContain('target of the load');
        expect(stderr).toContain('--target http://127.0.0.1:8080');
      },
    );
  });

  test('writes a workflow for the CI system, which refers to an existing script', async () => {
    const args = ['--name', 'orders', '--script', 'load/shop.js', '--ci', 'github'];
    await initOf(EXPOSED['prom-client']!, args, async ({ files, stdout, stderr }) => {
      const workflow = await files('.github/workflows/sla-orders.yml');
      expect(parse(workflow).jobs.gate.steps.length).toBeGreaterThan(4);
      expect(workflow).toMatch(
        /npx --yes sla-harness@\d+\.\d+\.\d+ gate --script load\/shop\.js --sla slas\/orders\.yaml/,
      );
      expect(workflow).toContain('pinned below to the version that wrote this file');
      expect(workflow).toContain(`prom/prometheus:v${TOOL_SPECS.prometheus.package.version}`);
      expect(workflow).not.toContain('npm ci');
      expect(stdout).not.toContain('orders.js');
      expect(stderr).toContain(
        './sla gate --script load/shop.js --sla slas/orders.yaml --target http://127.0.0.1:',
      );
    });
    await initOf(EXPOSED['prom-client']!, ['--ci', 'gitlab'], async ({ files }) => {
      expect(parse(await files('slas/gitlab-ci.yml'))['sla-my-service'].script).toHaveLength(2);
    });
  });

  test('if the project has the gate as a dependency, the workflow uses that dependency', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'package.json'), '{ "devDependencies": { "sla-harness": "0.1.0" } }');
    await using server = await serve((_, response) => void response.end(EXPOSED['prom-client']));
    for (const [system, file] of [
      ['github', '.github/workflows/sla-my-service.yml'],
      ['gitlab', 'slas/gitlab-ci.yml'],
    ] as const) {
      const args = ['init', '--metrics', `${server.url}/metrics`, '--ci', system, '--force'];
      expect((await slaHere(args, folder.path)).code).toBe(0);
      const workflow = await readFile(join(folder.path, file), 'utf8');
      expect(workflow).toContain('npm ci');
      expect(workflow).toContain('npx --no sla-harness gate');
      expect(workflow).toContain('pinned by your package-lock.json');
    }
  });

  test.each([
    [['--metrics', 'localhost'], '--metrics: "localhost" is not a valid http address'],
    [['--prometheus', 'http://127.0.0.1:1'], '--selector: name the labels of the service'],
    [['--prometheus', 'http://127.0.0.1:1', '--selector', 'checkout'], '"checkout" is not a list of labels'],
    [
      ['--metrics', 'http://127.0.0.1:1/metrics', '--ci', 'jenkins'],
      '--ci: "jenkins" is not a known CI system',
    ],
    [['--metrics', 'http://127.0.0.1:1/metrics', '--rate', 'x'], '--rate: "x" is not a valid rate'],
    [
      ['--metrics', 'http://127.0.0.1:1/metrics', '--duration', 'x'],
      '--duration: "x" is not a valid duration',
    ],
  ])('%j is refused', async (args, message) => {
    await using folder = await temporaryFolder();
    const { code, stderr } = await slaHere(['init', ...args], folder.path);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test.each([
    ['refuses connections', async () => 'http://127.0.0.1:1/metrics', 'connection refused'],
    ['has no such host', async () => 'http://no-such-host.invalid/metrics', 'this host name'],
  ])('an address that %s is bad input', async (_, url, cause) => {
    await using folder = await temporaryFolder();
    const { code, stdout, stderr } = await slaHere(['init', '--metrics', await url()], folder.path);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^--metrics: http:.* cannot be read: /);
    expect(stderr).toContain(cause);
    expect(stderr).toContain('; check that the service is running, and its address');
  });

  test.each([
    [404, 'status 404; name the path of its metrics; a service without metrics needs a metrics client first'],
    [401, 'status 401; set SLA_TARGET_TOKEN to a token that the service accepts'],
    [302, 'status 302, it redirects to http://127.0.0.1:'],
  ])('an address that responds with %i is bad input', async (status, words) => {
    await using folder = await temporaryFolder();
    await using server = await serve(
      (_, response) => void response.writeHead(status, status === 302 ? { location: '/login' } : {}).end(),
    );
    const { code, stderr } = await slaHere(['init', '--metrics', `${server.url}/metrics`], folder.path);
    expect(code).toBe(2);
    expect(stderr).toContain(`--metrics: ${server.url}/metrics cannot be read: ${words}`);
  });

  test('if a selector matches nothing, the message lists the jobs that Prometheus scrapes', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve((request, response) => {
      const isJobs = request.url!.includes('count');
      const result = isJobs
        ? ['payments', 'orders'].map((job) => ({ metric: { job }, value: [1, '1'] }))
        : [];
      response.end(JSON.stringify({ status: 'success', data: { result } }));
    });
    const args = ['init', '--prometheus', server.url, '--selector', 'job=checkout'];
    expect(await slaHere(args, folder.path)).toMatchObject({
      code: 2,
      stderr: `--prometheus: ${server.url}/ has no series with these labels: it scrapes job=orders, job=payments; correct --selector\n`,
    });
  });

  test('a server that is not a Prometheus is bad input', async () => {
    await using folder = await temporaryFolder();
    await using server = await serve((_, response) => void response.end('<html></html>'));
    const args = ['init', '--prometheus', server.url, '--selector', 'job=orders'];
    expect(await slaHere(args, folder.path)).toMatchObject({
      code: 2,
      stderr: `--prometheus: ${server.url}/ did not send JSON, so it is not a Prometheus; check its address\n`,
    });
  });
});
