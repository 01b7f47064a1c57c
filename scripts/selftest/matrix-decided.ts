import type { Expected, Row } from './row.ts';

/**
 * The statistical rows again, run until they are decided: the same fault, judged at the looks of a run of at most four minutes.
 * In two minutes, 6,000 requests of a service at half of its capacity are sometimes too few to prove an error rate below 1%. A
 * clear case must be decided as in a run of fixed length. A case close to its limit may be decided or not, but never wrongly.
 */

const MAX_SECONDS = 240;

/** Rows near a limit, with the objective that may therefore be undecided. */
const CLOSE: Readonly<Record<string, string>> = {
  'tail-0.8%': 'latency-p99',
  'tail-1.5%': 'latency-p99',
  'errors-0.8%': 'error-rate',
  'errors-1.2%': 'error-rate',
  'confidence-0.86': 'confidence',
  'confidence-0.84': 'confidence',
};

const CLEAR = [
  'healthy',
  'latency-180ms',
  'latency-230ms',
  'few-good-answers',
  'network-150ms',
  'network-230ms',
];

/** The first miss ends the run, so further misses may be unknown by then. */
const firstMissed: Readonly<Record<string, Expected>> = {
  'few-good-answers': { exitCode: 1, by: ['error-rate'] },
};

export function untilDecided(rows: readonly Row[]): readonly Row[] {
  const names = [...CLEAR, ...Object.keys(CLOSE)];
  return rows.filter(({ name }) => names.includes(name)).map(again);
}

function again(row: Row): Row {
  const expected = firstMissed[row.name] ?? row.expected;
  const close = CLOSE[row.name];
  return {
    ...row,
    name: `decided-${row.name}`,
    fault: `${row.fault}; until decided`,
    // A run that lasts until it is decided stops early.
    options: [
      ...(row.options ?? []).filter((option) => option !== '--no-abort'),
      ...['--until-decided', '--max-duration', `${MAX_SECONDS}s`],
    ],
    maxSeconds: MAX_SECONDS,
    expected: close === undefined ? expected : { ...expected, orUndecided: close },
    unrecorded: 'runs until they are decided are not recorded, because their files are large',
  };
}
