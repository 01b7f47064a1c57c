import { allResponses } from '../client/requests.ts';
import type { Evidence, Plan, RunRecord } from '../model/model.ts';
import { blocksOf } from '../prometheus/downsampling.ts';
import { mergedReadings } from '../prometheus/merging.ts';
import { nativesOf } from '../prometheus/promql.ts';
import { withoutStaleMarkers } from '../prometheus/stale-markers.ts';
import { selectedIn } from '../prometheus/stored-text.ts';
import { type CountedScrapes, countedScrapes, scrapesBetween } from './counted-scrapes.ts';
import { cutTargets } from './cut-targets.ts';
import { hiddenRestarts } from './hidden-restarts.ts';
import { busiestRate, total } from './increases.ts';
import { type Counted, countIncreases, type Frame, type Missing } from './window.ts';

/**
 * Where a window begins and ends. For each scrape target, the window opens at the last scrape at or before
 * the first request and closes at the first scrape at or after the last response. Counts in between are
 * differences of raw samples, series by series. Nothing is extrapolated: if an edge is missing, there is no
 * count.
 */

export function cutWindow(plan: Plan, run: RunRecord, evidence: Evidence): Frame {
  const { thinned } = evidence;
  const blocks = thinned === undefined ? null : blocksOf(plan, evidence.readings, thinned);
  const readings = withoutStaleMarkers(plan, mergedReadings(plan, evidence, blocks));
  const up = readings.get(plan.up);
  const isIsolated = plan.isolated !== false;
  const cut = cutTargets(plan, run, readings, blocks);
  const frame = {
    ...run.window,
    ...cut,
    readings,
    selectedBy: selectedIn(plan),
    up,
    blocks,
    missing: null,
    natives: plan.objectives.flatMap(({ measure }) => nativesOf(measure)),
    restarts: hiddenRestarts(plan, cut.targets, readings),
    isSettled: false,
    busiest: null,
    isAlone: isIsolated && run.load !== null,
    isIsolated,
    scrapes: null,
    counted: new Map<string, Counted>(),
  };
  const scrapes = countedScrapes(plan, run, frame);
  return {
    ...frame,
    scrapes: scrapes === null ? null : { selector: plan.requests!, requests: scrapesBetween(frame) },
    missing: missingOf(plan, run, frame, scrapes),
    isSettled: scrapes !== null || isSettledBy(plan, run, frame),
    busiest: busiestOf(plan, frame),
    counted: new Map(),
  };
}

function busiestOf({ requests }: Plan, frame: Frame): number | null {
  const counted = requests === null ? null : countIncreases(requests, frame, 'zero');
  if (!counted?.ok) return null;
  // Only replicas that began mid-window are checked, unless there are no others.
  const older = counted.value.filter(({ parts }) => !parts.some(({ startsAtZero }) => startsAtZero));
  return busiestRate(older.length > 0 ? older : counted.value, frame);
}

/** Whether the service counted as many requests as the client received responses, plus at most the client's unanswered ones. */
function isSettledBy({ requests, isolated }: Plan, { load }: RunRecord, frame: Frame): boolean {
  if (load === null || !load.completed || requests === null || isolated === false) return false;
  const counted = countIncreases(requests, frame, 'zero');
  if (!counted.ok) return false;
  const beyond = total(counted.value) - allResponses(load);
  return beyond >= 0 && beyond <= load.lost;
}

/** If the load was cut short, requests that were in flight may have been counted in place of missing ones. */
function missingOf(
  { requests, isolated }: Plan,
  { load }: RunRecord,
  frame: Frame,
  scrapes: CountedScrapes | null,
): Missing | null {
  if (load === null || !load.completed || requests === null) return null;
  if (isolated === false && scrapes === null) return null;
  const counted = countIncreases(requests, frame, 'zero');
  const areAllSeen = frame.targets.every(({ processes }) =>
    processes.every(({ unseenSeconds }) => unseenSeconds === 0),
  );
  if (!counted.ok || (areAllSeen && frame.restarts.length === 0)) return null;
  const all = total(counted.value);
  // It is unknown whether the scrapes at the two edges were counted.
  const lacking =
    scrapes === null ? allResponses(load) - all : frame.targets.length - Math.min(0, scrapes.beyond);
  return { requests: Math.max(0, lacking) + load.lost, counted: all };
}
