import type { Plan, RunRecord } from '../../slas/model/model.ts';
import { formatCount } from '../../slas/render/numbers.ts';
import type { Panel } from '../panel.ts';
import { clientCourse } from './client-course.ts';
import type { Grid, Line } from './course.ts';
import { type Figure, figureOfLines } from './figures.ts';
import { phasesWithTimes } from './phase-times.ts';

/** What only the load generator knows, beside what the service says of the same time. */
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
      [course.offered, course.sent, course.answeredWell],
      [],
      `From the plan, and from the record of every request that ${name} ${version} left.`,
    ),
    figureOfLines(
      { ...LATENCIES, limits: latency?.panel.limits ?? [] },
      [course.p95, atService(latency, 'p95'), course.p99, atService(latency, 'p99')].filter(
        (line) => line !== null,
      ),
      [...course.inAll, ...renamed(latency?.inAll ?? [])],
      `The client's clock has connecting, the network and the wait for the service's event loop in it; the service's has not.`,
    ),
    figureOfLines(
      BEHIND,
      [course.behind],
      [{ ...course.behind, values: [load.droppedIterations] }],
      `What the plan had due by each moment, less what was sent by then. ${name} itself counts ${formatCount(load.droppedIterations)} dropped: nobody was free to send them. Poisson arrivals are counted at whole minutes of a phase, visits at the end.`,
    ),
  ];
}

const renamed = (lines: readonly Line[]) =>
  lines.map(({ label, values }) => ({ label: `${label} at the service`, values }));

const atService = (latency: Figure | undefined, percentile: string): Line | null =>
  renamed((latency?.lines ?? []).filter(({ label }) => label === percentile))[0] ?? null;

const RATES: Panel = {
  id: 'offered-rate',
  title: 'Offered, sent and answered',
  unit: 'per_second',
  drawing: 'lines',
  queries: [],
  limits: [],
  objectives: [],
  lookFor:
    'Sent under offered: the generator could not keep up. Good answers under sent: the service could not.',
  next: [],
  width: 12,
};

const LATENCIES: Panel = {
  id: 'client-latency',
  title: 'Latency at client and service',
  unit: 'seconds',
  drawing: 'lines',
  queries: [],
  limits: [],
  objectives: [],
  lookFor:
    'The gap between the two is time that the service does not see: its event loop, connecting, the network.',
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
    'Over 0 the generator was behind its plan: it was starved, or every virtual user waited for an answer. What is left at the end was never sent.',
  next: [],
  width: 12,
};
