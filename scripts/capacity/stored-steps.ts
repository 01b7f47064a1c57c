import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { provingHold } from '../../slas/capacity/known.ts';
import { nearLimitOf } from '../../slas/capacity/near.ts';
import { holdConfidence, missConfidenceOf } from '../../slas/capacity/plans.ts';
import {
  type CapacityRecord,
  figuresOf,
  type StepFigures,
  type StepRecord,
} from '../../slas/capacity/record.ts';
import { judge } from '../../slas/judge/judge.ts';
import type { Plan, RunSeries } from '../../slas/model/model.ts';
import { cutWindow } from '../../slas/window/cut-window.ts';
import { formatProblem } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { FILES, readStoredRun, type StoredRun } from '../runs/bundle.ts';
import { ifItCanBeJudged } from '../runs/judge-stored.ts';
import { findAlterations, MANIFEST } from '../runs/seal.ts';
import { readOptional } from '../runs/stored-files.ts';
import { nameOfStep } from './record-problems.ts';
import { seenIn } from './step-seen.ts';
import { CAPACITY_FILES } from './storage.ts';

/**
 * Judges the stored run of every step again, and compares the result with the record of the search: a record alone proves nothing.
 *
 * @returns the first difference, in words; null: every step agrees with its run
 */
export async function differenceFromRuns(
  record: CapacityRecord,
  path: string,
  io: Io,
): Promise<string | null> {
  const scraped = new Map<StepRecord, number>();
  for (const [index, step] of record.steps.entries()) {
    io.signal.throwIfAborted();
    if (step.run === null) continue;
    const folder = join(path, CAPACITY_FILES.steps, step.run);
    const found = await differenceIn(step, { record, before: record.steps.slice(0, index), folder, io });
    if (typeof found === 'string') return `${nameOfStep(step, record)}: ${found}`;
    if (found.replicas !== null) scraped.set(step, found.replicas);
  }
  const proving = provingHold(record.steps);
  // Earlier versions stored the number of the last step.
  const replicas =
    (proving?.replicas === undefined ? undefined : scraped.get(proving)) ?? [...scraped.values()].at(-1) ?? 1;
  return replicas === record.replicas
    ? await unlistedRun(record, path)
    : `replicas: the record says ${record.replicas}, but ${replicas} were scraped`;
}

/**
 * A complete run that no step names: without it, a hold that did not pass could be removed from the record and repeated. Only the run of an
 * interrupted step may be complete without being named. Earlier versions did not store interrupted steps.
 */
async function unlistedRun({ steps, begun, sources }: CapacityRecord, path: string): Promise<string | null> {
  if (sources === undefined) return null;
  const folder = join(path, CAPACITY_FILES.steps);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const unlisted = entries.filter(
    (entry) =>
      entry.isDirectory() &&
      existsSync(join(folder, entry.name, MANIFEST)) &&
      steps.every(({ run }) => run !== entry.name),
  );
  const interrupted = steps.filter(({ because }) => because === 'interrupted').length;
  const [first] = unlisted;
  return first === undefined || unlisted.length <= interrupted + (begun === undefined ? 0 : 1)
    ? null
    : `${CAPACITY_FILES.steps}/${first.name} contains a complete run, and no step of the record names it`;
}

interface Place {
  readonly record: CapacityRecord;
  readonly before: readonly StepRecord[];
  readonly folder: string;
  readonly io: Io;
}

interface Agrees {
  /** null: no process was scraped. */
  readonly replicas: number | null;
}

async function differenceIn(step: StepRecord, place: Place): Promise<string | Agrees> {
  const { folder, io, record } = place;
  const shown = `${CAPACITY_FILES.steps}/${step.run}`;
  if (!existsSync(folder)) return `its run folder ${shown} is missing`;
  const [altered] = await findAlterations(folder);
  if (altered !== undefined) return `${shown}/${altered.file} does not match the seal: ${altered.message}`;
  const stored = await readStoredRun(folder);
  if (!stored.ok) return stored.error.map(formatProblem).join('; ');
  if (stored.value.run.load === null || stored.value.evidence === null)
    return `${shown} has no record of its load, or no evidence`;
  const environment = await readOptional<Environment>(FILES.environment, folder);
  if (environment?.document?.sha256 !== record.documentSha256) return `${shown} used another SLA document`;
  const series = await readOptional<RunSeries>(FILES.series, folder);
  const judged = await ifItCanBeJudged(folder, io, async () =>
    differenceOf(step, { ...stored.value, series }, place),
  );
  return judged.ok ? judged.value : judged.error.map(formatProblem).join('; ');
}

interface Environment {
  readonly document?: { readonly sha256?: unknown };
}

function differenceOf(
  step: StepRecord,
  { plan, run, evidence, series }: StoredRun & { readonly series: RunSeries | null },
  place: Place,
): string | Agrees {
  const planned = planDifference(step, plan, run.id, place);
  if (planned !== null) return planned;
  const verdict = judge(plan, run, evidence!);
  const seen = seenIn(confidencesOf(step, plan, place), { plan, run, evidence }, verdict);
  const { length: replicas } = cutWindow(plan, run, evidence!).targets;
  const near = nearLimitOf(plan, verdict, seen.loadedSeconds) ?? undefined;
  const now = { ...seen, replicas, near, ...storedIn(figuresOf(plan, run, verdict, series)) };
  const recorded = { ...step, replicas: step.replicas ?? replicas, ...storedIn(step.figures!) };
  const name = COMPARED.find((one) => shownAs(recorded[one]) !== shownAs(now[one]));
  return name === undefined
    ? { replicas: replicas === 0 ? null : replicas }
    : differenceAs(name, shownAs(recorded[name]), shownAs(now[name]));
}

const COMPARED = [
  ...(['outcome', 'because', 'verdict', 'missed', 'broken', 'decisive', 'exempt', 'loadedSeconds'] as const),
  ...(['sent', 'unanswered', 'dropped', 'replicas', 'near', 'client', 'latencies', 'service'] as const),
  'resources',
] as const;

/** The figures without those that were asked of Prometheus or of the operating system, and are not in the run folder. */
function storedIn({ service, resources, cpuLimitCores: _, ...figures }: StepFigures) {
  return {
    ...figures,
    service: { ratePerSecond: service.ratePerSecond, concurrency: service.concurrency },
    resources: resources.filter(({ name }) => name !== 'throttling'),
  };
}

const shownAs = (value: unknown) =>
  value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value);

const MAX_SHOWN = 80;

const differenceAs = (name: string, recorded: string, now: string) =>
  recorded.length + now.length > MAX_SHOWN
    ? `the record has another value of ${name} than its stored run gives`
    : `the record says ${name} ${recorded}, but its stored run gives ${now}`;

/** The run must be the one that the search planned: its rate, its duration and its confidence. */
function planDifference(step: StepRecord, plan: Plan, id: string, { record, before }: Place): string | null {
  const { asked, settings } = record;
  const load = loadIn(plan);
  const atLeast = step.kind === 'hold' ? settings.holdSeconds : 0;
  const needed = step.kind === 'hold' ? holdConfidence(settings, before) : settings.confidence;
  const isLoose = step.outcome === 'met' && !((plan.confidence ?? 0) > needed - TINY);
  const facts: readonly (readonly [boolean, string])[] = [
    [id === step.run, `its run folder contains the run ${id}`],
    [plan.sla.name === record.sla, `its run is of the SLA ${plan.sla.name}, not ${record.sla}`],
    [
      asked.script !== undefined || plan.sla.scenario === asked.scenario,
      `its run sent the scenario ${plan.sla.scenario}, not ${asked.scenario}`,
    ],
    [
      load !== null && isClose(load.perSecond, step.ratePerSecond),
      `its run was planned at ${load?.perSecond ?? 'another rate'}/s, not at ${step.ratePerSecond}/s`,
    ],
    [
      load !== null && isClose(load.seconds, step.maxSeconds),
      `its run was planned for ${load?.seconds ?? 'another number of'} s, not for ${step.maxSeconds} s`,
    ],
    [
      step.maxSeconds >= atLeast,
      `a hold of this search lasts at least ${atLeast} s, and its run was planned for ${step.maxSeconds} s`,
    ],
    [
      step.kind !== 'hold' ||
        plan.sequential === undefined ||
        isClose(plan.sequential.atLeastSeconds, step.maxSeconds),
      'its run could be decided early, and a hold is not',
    ],
    [
      !isLoose,
      `its run was judged at ${plan.confidence ?? 'no'} confidence, and it counts as met only at ${needed}`,
    ],
  ];
  return facts.find(([isTrue]) => !isTrue)?.[1] ?? null;
}

const TINY = 1e-9;
/** The load of a script is planned in thousandths of an iteration per second. */
const isClose = (one: number, other: number) => Math.abs(one - other) <= 0.001;

function loadIn({ load }: Plan): { readonly perSecond: number; readonly seconds: number } | null {
  const [phase, ...others] = load?.phases ?? [];
  if (phase !== undefined && others.length === 0)
    return { perSecond: phase.ratePerSecond, seconds: phase.durationSeconds };
  const [stage, ...more] = load?.k6?.scenarios[0]?.stages ?? [];
  if (stage === undefined || more.length > 0 || load?.k6?.scenarios.length !== 1) return null;
  return { perSecond: stage.toPerSecond, seconds: stage.seconds };
}

/** The confidences for which the search planned this step, from the steps before it. */
function confidencesOf({ kind }: StepRecord, { confidence }: Plan, { record, before }: Place) {
  const { settings } = record;
  const own = confidence ?? 0;
  // A step that was close to the limit is planned with the confidence of a long one, even if little time was left for it.
  const isLong = kind === 'hold' || own > settings.confidence + TINY;
  return { confidence: own, missConfidence: missConfidenceOf(isLong, settings, before) };
}
