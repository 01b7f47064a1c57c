import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Kubectl } from './kubectl.ts';
import { refuseMisleading } from './runner-environment.ts';

/** Runs the command of `kubectl exec` on this machine, with the pod's environment. */
const kubectlIn = (environments: Readonly<Record<string, Readonly<Record<string, string>>>>): Kubectl => ({
  run: async (args) => {
    const pod = Object.keys(environments).find((name) => args.includes(name))!;
    const [program, ...own] = args.slice(args.indexOf('--') + 1);
    const { PATH = '' } = process.env;
    return (await promisify(execFile)(program!, own, { env: { PATH, ...environments[pod] } })).stdout;
  },
  follow: () => {
    throw new Error('nothing is followed');
  },
});

const OWN = { K6_CSV_TIME_FORMAT: 'unix_micro', SLA_TARGET: 'http://127.0.0.1:8000' };

const check = (...environments: Readonly<Record<string, string>>[]) => {
  const pods = Object.fromEntries(environments.map((one, at) => [`sla-${at}`, { ...OWN, ...one }]));
  const signal = AbortSignal.timeout(10_000);
  const place = { kubectl: kubectlIn(pods), namespace: 'sla-load', signal };
  return refuseMisleading(Object.keys(pods), Object.keys(OWN), place);
};

test('the variables of the harness, Kubernetes and the script are accepted', async () => {
  await check(
    { JOB_COMPLETION_INDEX: '0', API_KEY: 'x', MULTI_LINE: 'a\nK6_VUS=9\n' },
    { K6_SERVICE_HOST: '10.0.0.1', K6_PORT: 'tcp://10.0.0.1:80', K6_PORT_80_TCP_ADDR: '10.0.0.1' },
    { K6_BROWSER_HEADLESS: 'true' },
  );
});

test.each(['K6_ITERATIONS', 'k6_vus', 'K6_SUMMARY_TREND_STATS', 'HTTPS_PROXY', 'no_proxy'])(
  '%s in the environment of any pod is refused, from any source',
  async (name) => {
    await expect(check({}, { [name]: '1' })).rejects.toMatchObject({
      code: 'misleading-environment',
      message: `the environment of k6 in pod sla-1 has ${name}, which would change the load or where it goes`,
      nextStep: expect.stringContaining('envFrom'),
    });
  },
);

test('an environment that cannot be read is not treated as empty', async () => {
  const kubectl: Kubectl = { ...kubectlIn({}), run: () => Promise.reject(new Error('no exec')) };
  const signal = AbortSignal.timeout(10_000);
  await expect(refuseMisleading(['sla-0'], [], { kubectl, namespace: 'x', signal })).rejects.toThrow(
    'no exec',
  );
});
