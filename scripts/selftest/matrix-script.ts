import { errorInBody } from './misbehaviour.ts';
import { MET, type Row } from './row.ts';

/** What k6 itself reports about the load script, while the service meets every objective. */

/** What is wrong with `loadtests/selftest.ts`. */
export const script = (fault: string) => ({ SLA_SELFTEST_SCRIPT: fault });
const scriptThresholds = (thresholds: Readonly<Record<string, readonly string[]>>) => ({
  SLA_SELFTEST_THRESHOLDS: JSON.stringify(thresholds),
});

const failingCheck = (name: string, often: string): Row => ({
  name,
  fault: `a check of the load script fails ${often}`,
  env: script(name),
  expected: { exitCode: 3, by: ['checks-passed'] },
});

const crossedThreshold: Omit<Row, 'name'> = {
  fault: 'a threshold of the load script is crossed',
  env: scriptThresholds({ http_req_duration: ['p(95)<0.001'] }),
  expected: { exitCode: 3, by: ['thresholds-kept'] },
};

export const theScript: readonly Row[] = [
  failingCheck('check-fails', 'every time'),
  failingCheck('check-fails-once', 'once'),
  {
    name: 'check-fails-allowed',
    fault: '5% of a check fail; the script allows 10%',
    env: { ...script('check-fails-often'), ...scriptThresholds({ checks: ['rate>0.9'] }) },
    expected: MET,
  },
  { name: 'threshold-crossed', ...crossedThreshold },
  {
    ...crossedThreshold,
    name: 'threshold-crossed-3-k6',
    fault: `${crossedThreshold.fault}, with three k6`,
    options: ['--generators', '3'],
  },
  {
    name: 'setup-throws',
    fault: 'setup() of the load script throws',
    env: script('setup-throws'),
    expected: { exitCode: 3, by: ['load-delivered', 'script-succeeded'] },
  },
  {
    name: 'teardown-throws',
    fault: 'teardown() of the load script throws',
    env: script('teardown-throws'),
    expected: { exitCode: 3, by: ['script-succeeded'] },
  },
  {
    name: 'marked-as-failed',
    fault: 'the load script calls exec.test.fail()',
    env: script('marks-failed'),
    expected: { exitCode: 3, by: ['script-succeeded'] },
  },
  {
    name: 'past-the-library',
    fault: 'the load script sends without loadtests/lib',
    env: script('past-the-library'),
    expected: { exitCode: 0 },
  },
  {
    name: 'errors-in-bodies',
    fault: 'each body is an error, with status 200; ./sla new wrote the script',
    stage: { front: () => errorInBody },
    env: script('as-new'),
    expected: { exitCode: 3, by: ['answers-right', 'checks-passed'] },
  },
];
