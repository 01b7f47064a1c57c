import type { Plan, RunRecord } from '../../slas/model/model.ts';
import { countOf } from '../../slas/render/numbers.ts';
import type { Panel } from '../panel.ts';
import { clientCourse } from './client-course.ts';
import type { Grid, Line } from './course.ts';
import { type Figure, figureOfLines } from './figures.ts';
import { phasesWithTimes } from './phase-times.ts';

/** The panels of the load generator's record, next to the service's values at the same time. */
export function loadFigures(
  plan: Plan,
  run: RunRecord,
  grid: Grid,
  rangeSeconds: number,
  service: readonly Figure[],
): readonly Figure[] {
  const { load } = run;
  if (load === null || plan.load === null) return [];
  const course = clientCourse(load, plan.load, phasesWithTimes(plan, run), grid, rangeSeconds);
  if (course === null) return [];
  const { name, version } = load.generator;
  const latency = service.find(({ panel }) => panel.id === 'api-latency');
  return [
    figureOfLines(
      RATES,
      [course.offered, course.sent, course.successful],
      [],
      `From the plan, and from ${name} ${version}’s record of every request.`,
    ),
    figureOfLines(
      { ...LATENCIES, limits: latency?.panel.limits ?? [] },
      [course.p95, atService(latency, 'p95'), course.p99, atService(latency, 'p99')].filter(
        (line) => line !== null,
      ),
      [...course.wholeRun, ...renamed(latency?.wholeRun ?? [])],
      `Client-side latency includes connecting, the network and the wait for the service's event loop; service-side latency does not.`,
    ),
    figureOfLines(
      BEHIND,
      [course.behind],
      [{ ...course.behind, values: [load.droppedIterations] }],
      `The requests that were due by each moment, minus those sent by then. ${name} reports ${countOf(load.droppedIterations, 'dropped iteration')}: no virtual user was free to send them. Poisson arrivals are counted at whole minutes of a phase, visits at the end.`,
    ),
  ];
}

const renamed = (lines: readonly Line[]) =>
  lines.map(({ label, values }) => ({ label: `${label} at the service`, values }));

const atService = (latency: Figure | undefined, percentile: string): Line | null =>
  renamed((latency?.lines ?? []).filter(({ label }) => label === percentile))[0] ?? null;

const RATES: Panel = {
  id: 'offered-rate',
  title: 'Offered, sent and successful',
  unit: 'per_second',
  drawing: 'lines',
  queries: [],
  limits: [],
  objectives: [],
  lookFor:
    'If fewer requests were sent than offered, the load generator could not keep up. If fewer responses were successful than requests sent, the service could not.',
  next: [],
  width: 12,
};

const LATENCIES: Panel = {
  id: 'client-latency',
  title: 'Client-side and service-side latency',
  unit: 'seconds',
  drawing: 'lines',
  queries: [],
  limits: [],
  objectives: [],
  lookFor:
    'The difference between the two is time that the service does not measure: waiting for its event loop, connecting, the network.',
  next: [],
  width: 12,
};

const BEHIND: Panel = {
  id: 'behind-plan',
  title: 'Dropped and late requests',
  unit: 'count',
  drawing: 'lines',
  queries: [],
  limits: [],
  objectives: [],
  lookFor:
    'Above 0, the load generator was behind its plan: it had too little CPU, or every virtual user was waiting for a response. Requests that remain at the end were never sent.',
  next: [],
  width: 12,
};
