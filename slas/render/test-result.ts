import type { ObjectiveVerdict, Verdict } from '../model/model.ts';

/**
 * A verdict as an in-toto statement of a test result (https://in-toto.io/attestation/test-result/v0.1), for signing. The format has no
 * result for "could not be decided", so an inconclusive run is FAILED: it must not be mistaken for a pass.
 */

/** A subject or a tool of the test, and its digest. */
export interface Resource {
  readonly name?: string;
  readonly digest: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface TestResult {
  readonly _type: 'https://in-toto.io/Statement/v1';
  readonly subject: readonly Resource[];
  readonly predicateType: 'https://in-toto.io/attestation/test-result/v0.1';
  readonly predicate: {
    readonly result: 'PASSED' | 'WARNED' | 'FAILED';
    readonly configuration: readonly Resource[];
    readonly url?: string;
    readonly passedTests: readonly string[];
    readonly warnedTests: readonly string[];
    readonly failedTests: readonly string[];
  };
}

/** @param url of the job that made the run; null: unknown */
export function testResultOf(
  verdict: Verdict,
  subject: readonly Resource[],
  configuration: readonly Resource[],
  url: string | null,
): TestResult {
  const named = (kind: Kind) => verdict.objectives.filter((one) => kindOf(one) === kind).map(({ id }) => id);
  const broken = verdict.preconditions.filter(({ ok }) => ok === false).map(({ id }) => `precondition ${id}`);
  const tests = {
    passedTests: named('passed'),
    warnedTests: named('warned'),
    failedTests: [...named('failed'), ...broken],
  };
  const isPass = verdict.verdict === 'pass' && tests.failedTests.length === 0;
  const result = !isPass ? 'FAILED' : tests.warnedTests.length > 0 ? 'WARNED' : 'PASSED';
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject,
    predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
    predicate: { result, configuration, ...(url === null ? {} : { url }), ...tests },
  };
}

type Kind = 'passed' | 'warned' | 'failed';

/** An objective that does not decide the verdict is a warning, even if it is undecided. */
function kindOf({ verdict, exempt }: ObjectiveVerdict): Kind {
  if (verdict === 'met') return 'passed';
  return exempt === undefined ? 'failed' : 'warned';
}
