import { expect, test } from 'vitest';
import { expectFirstVerdicts } from '../testing/adoption-verdicts.ts';

/**
 * The same as adoption.test.ts, for services in Python, Go and Java. These tests need the languages installed; they are part of
 * ./sla test --full.
 */

const LONG = { timeout: 1_200_000 };
const GO_BUILD = ['go', 'build', '-o', 'checkout', '.'];

test.concurrent('init adopts FastAPI with prometheus-fastapi-instrumentator', LONG, async ({ expect }) => {
  const { init, document } = await expectFirstVerdicts({
    name: 'fastapi',
    install: [
      ['python3', '-m', 'pip', 'install', '--quiet', '--target', 'lib', '--requirement', 'requirements.txt'],
    ],
    run: ['python3', '-m', 'uvicorn', 'server:app', '--port', 'PORT', '--no-access-log'],
    env: { PYTHONPATH: 'lib' },
    init: [],
  });
  expect(init.stderr).toContain('library: prometheus-fastapi-instrumentator');
  expect(document).toContain('status: 5xx');
});

test.concurrent('init adopts a Go service with promhttp', LONG, async ({ expect }) => {
  const { init } = await expectFirstVerdicts({
    name: 'go',
    install: [GO_BUILD],
    run: ['./checkout'],
    init: ['--route', '/checkout'],
  });
  expect(init.stderr).toContain('library: client_golang');
});

// Runs alone, because a JVM needs all of the CPU when it starts.
test('init adopts Spring Boot with Micrometer, which has no buckets', LONG, async () => {
  const { init } = await expectFirstVerdicts({
    name: 'spring',
    install: [['mvn', '-q', '-B', '-DskipTests', 'package']],
    run: ['java', '-jar', 'target/checkout-1.jar'],
    metricsPath: '/actuator/prometheus',
    init: [],
  });
  expect(init.stderr).toContain('library: Micrometer');
  expect(init.stderr).toContain('client-side only');
});

test.concurrent('init adopts a Go service that has only a native histogram', LONG, async ({ expect }) => {
  const { init, document } = await expectFirstVerdicts({
    name: 'go',
    install: [GO_BUILD],
    run: ['./checkout'],
    env: { NATIVE_HISTOGRAM: '1' },
    init: ['--route', '/checkout'],
  });
  expect(init.stderr).toContain('a native histogram');
  expect(document).toContain('nativeHistograms: [ http_request_duration_seconds ]');
});
