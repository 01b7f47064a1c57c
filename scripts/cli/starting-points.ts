import type { Scenario, SlaDocument } from '../../slas/model/model.ts';
import { planScenario } from '../../slas/plan/plan.ts';
import { tooShort } from '../../slas/plan/power-analysis.ts';

/** Templates of new scenarios and documents: small, but complete enough to run unchanged. */

/** The rate and the duration of a first run, which are enough to decide every objective of the document. */
export interface Entry {
  readonly ratePerSecond: number;
  readonly durationSeconds: number;
}

const RATES = [20, 25, 50, 100, 200, 500];
const DURATIONS = [20, 30, 60, 120, 300];

export function entryFor(document: SlaDocument): Entry {
  const tries = DURATIONS.flatMap((durationSeconds) =>
    RATES.map((ratePerSecond) => ({ ratePerSecond, durationSeconds })),
  );
  return tries.find((entry) => isEnough(document, entry)) ?? { ratePerSecond: 20, durationSeconds: 60 };
}

function isEnough(document: SlaDocument, { ratePerSecond, durationSeconds }: Entry): boolean {
  const scenario: Scenario = {
    name: 'new',
    description: '',
    script: 'loadtests/new.ts',
    phases: [{ name: 'hold', ratePerSecond, durationSeconds }],
    seed: 1,
    arrivals: 'even',
    requestsPerArrival: 1,
    requestTimeoutSeconds: 10,
    objectives: general(document).map((id) => ({ id, phases: null })),
  };
  const plan = planScenario({ ...document, scenarios: [scenario] }, 'new');
  return plan.ok && tooShort(plan.value, plan.value.load!).length === 0;
}

const general = ({ objectives }: SlaDocument) =>
  objectives
    .filter(({ measure, onlyWhereNamed }) => measure.kind !== 'recovery' && onlyWhereNamed !== true)
    .map(({ id }) => id);

/** The document's text with an additional scenario, which is inserted as the first. null: it cannot be inserted. */
export function withScenario(text: string, name: string, entry: Entry): string | null {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => /^scenarios:\s*(#.*)?$/.test(line));
  const isElsewhere = at === -1 && lines.some((line) => /^["']?scenarios["']?\s*:/.test(line));
  if (isElsewhere) return null;
  const below = lines.slice(at + 1).find((line) => /^\s+[^\s#]/.test(line));
  const indent = at === -1 ? '  ' : (/^\s+/.exec(below ?? '')?.[0] ?? '  ');
  const added = [
    `${indent}${name}:`,
    `${indent}  description: one line about the purpose`,
    `${indent}  rate: ${entry.ratePerSecond}/s`,
    `${indent}  duration: ${entry.durationSeconds}s`,
    `${indent}  seed: 1`,
  ];
  if (at === -1) return `${text.trimEnd()}\n\nscenarios:\n${added.join('\n')}\n`;
  return [...lines.slice(0, at + 1), ...added, '', ...lines.slice(at + 1)].join('\n');
}

/**
 * The load script. It sends texts of the corpus to the sentiment service. To any other service, it sends the warm-up body or
 * a GET of the judged path.
 */
export function scriptText({ service, objectives }: SlaDocument, isShipped: boolean): string {
  const { warmUp } = service;
  if (isShipped)
    return script(
      [
        "import { eachArrival, options as planned } from './lib/load.ts';",
        "import { predict } from './lib/request.ts';",
        "import { nextText } from './lib/texts.ts';",
      ],
      [
        '// predict() checks each response: it must contain a sentiment and a confidence.',
        'predict(nextText());',
      ],
    );
  const [body] = warmUp?.bodies ?? [];
  const path = warmUp?.path ?? clientPathOf(objectives) ?? '/';
  const [name, call] =
    body === undefined ? ['get', `get('${path}')`] : ['post', `post('${path}', ${JSON.stringify(body)})`];
  return script(
    [
      "import { reportsNoError } from './lib/bodies.ts';",
      "import { eachArrival, options as planned } from './lib/load.ts';",
      `import { expectAnswer, ${name} } from './lib/request.ts';`,
    ],
    [`const response = ${call};`, 'expectAnswer(response, isRight);'],
    `
/** Whether a response is correct: here, JSON that reports no error. Add the fields and values that your service promises. */
const isRight = (body: unknown): boolean => reportsNoError(body);
`,
  );
}

const clientPathOf = (objectives: SlaDocument['objectives'] = []) =>
  objectives.flatMap(({ measure }) => (measure.kind === 'latency' ? (measure.client ?? []) : []))[0];

const script = (imports: readonly string[], body: readonly string[], more = '') => `${imports.join('\n')}

export const options = planned();
${more}
/** The requests of one arrival; the SLA document defines the number and times of arrivals. */
export default eachArrival(() => {
${body.map((line) => `  ${line}`).join('\n')}
});
`;

/**
 * A document with the metric names that Prometheus clients commonly use for HTTP servers. `./sla init` instead uses the
 * metrics that a service exposes.
 */
export const documentText = (
  name: string,
  path: string,
) => `# yaml-language-server: $schema=./sla-document.schema.json
# Lines with CHANGE use the names that most Prometheus client libraries use: replace them with those of your service.
apiVersion: sla-harness/v1
kind: SLA
name: ${name}
description: One line about the service

service:
  # CHANGE: labels that every series of the service carries.
  selector: { job: ${name} }
  # CHANGE: counts every request of the load, whatever the response.
  requests: { counter: http_requests_total, where: { handler: ${path} } }
  # CHANGE: the bucket edges of the service.
  buckets:
    http_request_duration_seconds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

objectives:
  - id: latency-p95
    title: 95% of responses within
    latency:
      histogram: http_request_duration_seconds # CHANGE
      where: { handler: ${path}, status: { matches: 2.. } } # CHANGE
      percentile: 95
      client: ${path} # also judged client-side; the worse of the two decides
    target: "< 250ms"
    alert: "> 1s"

  - id: error-rate
    title: Error rate
    ratio:
      bad: { counter: http_requests_total, where: { handler: ${path}, status: { matches: "5..|429|499" } }, absent: zero } # CHANGE
      total: { counter: http_requests_total, where: { handler: ${path}, status: { matches: "[1235]..|429|499" } } } # CHANGE
      lost: bad
    target: "< 1%"
    alert: "> 5%"
`;
