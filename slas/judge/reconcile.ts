import { answeredWith, answersInAll, requestsOf } from '../client/requests.ts';
import { codesOf, isStatusLabel, statusPattern, tellsStatus } from '../document/statuses.ts';
import type { ClientRequests, LoadRecord, Plan, Reconciled, RunRecord } from '../model/model.ts';
import { readSelector } from '../prometheus/promql.ts';
import { are, formatCount } from '../render/numbers.ts';
import { type Increase, total } from '../window/increases.ts';
import { parseValue } from '../window/targets.ts';
import { boundBySeconds } from '../window/uncounted.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import { surplusWords } from './surplus.ts';

/**
 * Sent = answered + lost: what the client counted beside what the service counted. A request that the client lost may have
 * been counted by the service or not; all others must be there, once, with the status that the client saw.
 */
/** Rows to compare, or why there are none; `isFailure` where there should have been. */
export type Reconciliation =
  | { readonly ok: true; readonly rows: readonly Reconciled[] }
  | { readonly ok: false; readonly isFailure: boolean; readonly reason: string };

const none = (reason: string, isFailure = false) => ({ ok: false, isFailure, reason }) as const;

export function reconcile(plan: Plan, run: RunRecord, frame: Frame): Reconciliation {
  if (run.load === null) return none('no run record: only the server was asked');
  if (plan.requests === null)
    return none(
      'the document names no service.requests: whether the service that was loaded is the one that was measured is not known',
      true,
    );
  // A status that was answered for the first time makes its series inside the window. Should it have counted before, the
  // two numbers differ, and that is told.
  const counted = countIncreases(plan.requests, frame, 'zero');
  if (!counted.ok) return none(`the service's requests could not be counted: ${counted.reason}`, true);
  const allowance = { unseen: boundBySeconds(counted.increases, frame), others: plan.isolated === false };
  const row = (what: string, client: number, service: number) =>
    compare(what, run.load!, client, service, allowance, frame);
  const rows = [
    row('requests', answersInAll(run.load), total(counted.increases)),
    ...statusRows(run.load, counted.increases, row),
    ...latencyRows(plan, run.load, frame, row),
    ...meanRows(plan, run.load, frame, row),
  ];
  return { ok: true, rows };
}

type Row = (what: string, client: number, service: number) => Reconciled;

/** What the two may differ by: counts that went with replicas that ended, and the requests of others. */
interface Allowance {
  readonly unseen: number;
  readonly others: boolean;
}

/** What the service may have counted beyond the answers that the client saw: the lost, and what was in flight at a stop. */
function compare(
  what: string,
  { lost, completed }: LoadRecord,
  client: number,
  service: number,
  { unseen, others }: Allowance,
  frame: Frame,
): Reconciled {
  const missing = client - service;
  const isTooMany = completed && service > client + lost;
  const note =
    missing > unseen
      ? `answers are missing from its counter${unseen > 0 ? `, and replicas that ended took at most ${formatCount(unseen)} with them` : ''}`
      : missing > 0
        ? `${formatCount(missing)} went with replicas that ended, which took at most ${formatCount(unseen)} after their last scrape`
        : isTooMany
          ? others
            ? `${formatCount(-missing)} more ${are(-missing)} of others, who are expected (isolated: false)`
            : (severalTimes(client, lost, service) ?? surplusWords(what, -missing, lost, frame))
          : '';
  return { what, client, service, lost, ok: missing <= unseen && (!isTooMany || others), note };
}

/** A count that is a whole multiple of the client's is the mark of a process that is scraped, or selected, several times. */
function severalTimes(client: number, lost: number, service: number): string | null {
  const times = Math.round(service / Math.max(1, client + lost / 2));
  if (times < 2 || client === 0 || service < times * client || service > times * (client + lost)) return null;
  const often = times === 2 ? 'twice' : `${formatCount(times)} times`;
  return `exactly ${formatCount(times)} times as many: is each process scraped ${often}? Then narrow service.selector to one job`;
}

/** What servers write when the client was gone before its answer: lost, to the client. */
const CLIENT_GONE = '499';

/** By class, however the service's labels tell it: a code, a class, a word for a class. */
function statusRows(load: LoadRecord, increases: readonly Increase[], row: Row): readonly Reconciled[] {
  const classOf = classesIn(increases);
  if (increases.some((one) => classOf(one) === null)) return [];
  return (['2xx', '3xx', '4xx', '5xx'] as const)
    .map((status) =>
      row(status, load.answered[status], total(increases.filter((one) => classOf(one) === status[0]))),
    )
    .filter(({ client, service }) => client > 0 || service > 0);
}

/** Tells the first digit of a series' status, `gone` for a client that did not wait, null where its labels tell no status. */
function classesIn(increases: readonly Increase[]): (one: Increase) => string | null {
  const valuesOf = (label: string) => [...new Set(increases.flatMap(({ labels }) => labels[label] ?? []))];
  return ({ labels }) => {
    const names = Object.keys(labels).filter(tellsStatus);
    for (const label of names.toSorted((a, b) => Number(isStatusLabel(b)) - Number(isStatusLabel(a)))) {
      const codes = codesOf(label, labels[label]!, valuesOf(label));
      if (codes !== null) return codes.length === 1 && codes[0] === CLIENT_GONE ? 'gone' : codes[0]![0]!;
    }
    return null;
  };
}

/**
 * Every response of a path that its latency histogram is about must be in it, or a tail could be missing. A histogram that is
 * selected by no status holds all responses, or the successful ones alone: services do either.
 */
function latencyRows(plan: Plan, load: LoadRecord, frame: Frame, row: Row): readonly Reconciled[] {
  const { client } = load;
  if (client === undefined) return [];
  const judged = plan.objectives.flatMap(({ measure }) =>
    measure.kind === 'latency' && measure.clientPath !== null
      ? [{ buckets: measure.buckets, path: measure.clientPath }]
      : [],
  );
  const distinct = [...new Map(judged.map((one) => [one.buckets, one])).values()];
  return distinct.flatMap(({ buckets, path }) => {
    const counted = countIncreases(buckets, frame);
    if (!counted.ok) return [];
    const all = counted.increases.filter(
      ({ labels }) => parseValue(labels.le ?? '') === Number.POSITIVE_INFINITY,
    );
    return [row(`latencies of ${path}`, expectedIn(buckets, client, path, total(all)), total(all))];
  });
}

function expectedIn(buckets: string, client: ClientRequests, path: string, counted: number): number {
  const own = requestsOf(client).filter((one) => one.path === path);
  const status = statusPattern(readSelector(buckets).where);
  const [least, most] = [answeredWith(own, status ?? '2..').length, answeredWith(own, status).length];
  return Math.min(most, Math.max(least, counted));
}

/**
 * Every good answer of a path must be in the mean, or it could be that of one sentiment alone. More there may be: of a batch
 * each text is an observation.
 */
function meanRows(plan: Plan, load: LoadRecord, frame: Frame, row: Row): readonly Reconciled[] {
  return plan.objectives.flatMap(({ id, measure }) => {
    if (measure.kind !== 'mean' || measure.clientPath === undefined) return [];
    const counted = countIncreases(measure.count, frame);
    if (!counted.ok) return [];
    const good = goodAnswers(load.client, measure.clientPath);
    const observations = total(counted.increases);
    const held = row(`observations of ${id}`, good, observations);
    return good === 0 ? [] : [observations < good ? held : { ...held, ok: true, note: '' }];
  });
}

const goodAnswers = (client: ClientRequests | undefined, path: string) =>
  requestsOf(client).filter((one) => one.status.startsWith('2') && one.path === path).length;
