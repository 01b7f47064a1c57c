import { allResponses, countWhere, isAnsweredWith } from '../client/requests.ts';
import { codesOf, isStatusLabel, mayHoldStatus, statusPattern } from '../document/statuses.ts';
import type { ClientRequests, LoadRecord, Plan, Reconciled, RunRecord, Selected } from '../model/model.ts';
import { type Reason, reason } from '../model/reasons.ts';
import { fail, ok, type Result } from '../model/result.ts';
import { scrapesBetween } from '../window/counted-scrapes.ts';
import { type Increase, total } from '../window/increases.ts';
import { parseValue } from '../window/targets.ts';
import { boundBySeconds } from '../window/uncounted.ts';
import { countIncreases, type Frame } from '../window/window.ts';
import { trafficOf } from './surplus.ts';

/**
 * Sent = responses + unanswered: the counts of client and service, side by side. The service may or may not
 * have counted an unanswered request; it must have counted every other one exactly once, with the status that
 * the client received.
 */

/** Rows to compare, or the reason why there are none. `isFailure` is set if there should have been rows. */
export type Reconciliation = Result<
  readonly Reconciled[],
  { readonly isFailure: boolean; readonly reason: Reason }
>;

const none = (reason: Reason, isFailure = false) => fail({ isFailure, reason });

export function reconcile(plan: Plan, run: RunRecord, frame: Frame): Reconciliation {
  if (run.load === null) return none(reason('no-run-record', {}));
  if (plan.requests === null) return none(reason('requests-unnamed', {}), true);
  // The first response with a status creates its series during the window. If the series existed before,
  // the two counts differ, and the difference is reported.
  const counted = countIncreases(plan.requests, frame, 'zero');
  if (!counted.ok) return none(reason('requests-uncounted', { because: [counted.error] }), true);
  const allowance = {
    unseen: boundBySeconds(counted.value, frame),
    others: plan.isolated === false,
    inFlight: inFlightAtStop(plan, run, run.load, frame),
  };
  const row = (what: string, client: number, service: number) =>
    compare(what, run.load!, client, service, allowance, frame);
  const rows = [
    ofScrapes(
      plan,
      run.load,
      frame,
      row('requests', allResponses(run.load), total(counted.value)),
      allowance.unseen,
    ),
    ...statusRows(run.load, counted.value, row),
    ...latencyRows(plan, run.load, frame, row),
    ...meanRows(plan, run.load, frame, row),
  ];
  return ok(rows);
}

/**
 * The document says that scrapes are the only other requests. If their number differs, other requests hide among the counts, or the counter
 * does not count scrapes. Then nothing can be subtracted.
 */
function ofScrapes(
  { countsScrapes }: Plan,
  { completed, lost }: LoadRecord,
  frame: Frame,
  row: Reconciled,
  unseen: number,
): Reconciled {
  if (countsScrapes !== true || !completed || !row.ok) return row;
  const scrapes = scrapesBetween(frame);
  const near = frame.targets.length;
  const beyond = row.service - row.client - scrapes;
  if (beyond >= -near - unseen && beyond <= near + lost) return row;
  return {
    ...row,
    ok: false,
    reasons: [reason('scrapes-not-counted-once', { surplus: row.service - row.client, scrapes })],
  };
}

type Row = (what: string, client: number, service: number) => Reconciled;

/** The allowed difference: requests that terminated replicas counted after their last scrape, and requests from other clients. */
interface Allowance {
  readonly unseen: number;
  readonly others: boolean;
  /** Requests that the load generator may have sent and not recorded, because it was stopped. */
  readonly inFlight: number;
}

/**
 * A load that was stopped once it was decided sent no more than was planned until then. If a load was cut
 * short for any other reason, the number of sent requests is unknown, and objectives that depend on counts
 * stay undecided.
 */
function inFlightAtStop(
  { load: planned }: Plan,
  { window }: RunRecord,
  load: LoadRecord,
  { targets }: Frame,
): number {
  if (load.completed) return 0;
  if (load.decidedAtSeconds === undefined || planned === null) return Number.POSITIVE_INFINITY;
  // At a look, the load goes on until the scrape that closes the window.
  const began = load.phases?.[0]?.fromSeconds ?? window.fromSeconds;
  const closed = Math.max(window.toSeconds, ...targets.map(({ closeSeconds }) => closeSeconds));
  const seconds = Math.min(planned.scheduledSeconds, closed - began);
  const due = (planned.plannedRequests / planned.scheduledSeconds) * seconds;
  // Random arrivals may be more than planned.
  const most = planned.arrivals === 'poisson' ? due + 4 * Math.sqrt(due) : due;
  return Math.max(0, Math.ceil(most) - load.sent);
}

/**
 * The service may have counted more than the client's responses: unanswered requests, and those in flight
 * when the load stopped.
 */
function compare(
  what: string,
  { lost }: LoadRecord,
  client: number,
  service: number,
  { unseen, others, inFlight }: Allowance,
  frame: Frame,
): Reconciled {
  const missing = client - service;
  const isTooMany = service > client + lost + inFlight;
  const ok = missing <= unseen && (!isTooMany || others);
  const row = (...reasons: readonly Reason[]): Reconciled => ({ what, client, service, lost, ok, reasons });
  if (missing > unseen) return row(reason('responses-missing', { atMost: unseen }));
  if (missing > 0) return row(reason('gone-with-replicas', { missing, atMost: unseen }));
  if (!isTooMany) return row();
  if (others) {
    const factor = exactFactor(client, lost, service);
    return factor === null
      ? row(reason('others-expected', { surplus: -missing }))
      : { ...row(factor), ok: false };
  }
  return row(severalTimes(client, lost, service) ?? trafficOf(what, -missing, lost, frame));
}

/** A multiple of the client's count suggests a process that is scraped, or selected, several times. */
function severalTimes(client: number, lost: number, service: number): Reason | null {
  const times = Math.round(service / Math.max(1, client + lost / 2));
  if (times < 2 || client === 0 || service < times * client || service > times * (client + lost)) return null;
  return reason('counted-several-times', { times });
}

/** With fewer requests than this, other traffic occasionally doubles them by chance. */
const MIN_FOR_FACTOR = 100;

/**
 * Other clients rarely send exactly as many requests as the load. An exact multiple suggests a process that
 * is scraped twice, even if other clients are expected.
 */
const exactFactor = (client: number, lost: number, service: number): Reason | null =>
  client >= MIN_FOR_FACTOR && [client, client + lost].some((own) => service % own === 0)
    ? severalTimes(client, lost, service)
    : null;

/**
 * How servers count a request whose connection the client closed before the response: to the client it is
 * unanswered.
 */
const CLIENT_GONE = '499';

/** By status class, whether the service's labels have a code, a class, or a word for a class. */
function statusRows(load: LoadRecord, increases: readonly Increase[], row: Row): readonly Reconciled[] {
  const classOf = classesIn(increases);
  if (increases.some((one) => classOf(one) === null)) return [];
  return (['2xx', '3xx', '4xx', '5xx'] as const)
    .map((status) =>
      row(status, load.answered[status], total(increases.filter((one) => classOf(one) === status[0]))),
    )
    .filter(({ client, service }) => client > 0 || service > 0);
}

/** The first digit of a series' status. `gone` means that the client closed the connection, null that the labels show no status. */
function classesIn(increases: readonly Increase[]): (one: Increase) => string | null {
  const valuesOf = (label: string) => [...new Set(increases.flatMap(({ labels }) => labels[label] ?? []))];
  return ({ labels }) => {
    const names = Object.keys(labels).filter(mayHoldStatus);
    for (const label of names.toSorted((a, b) => Number(isStatusLabel(b)) - Number(isStatusLabel(a)))) {
      const codes = codesOf(label, labels[label]!, valuesOf(label));
      if (codes !== null) return codes.length === 1 && codes[0] === CLIENT_GONE ? 'gone' : codes[0]![0]!;
    }
    return null;
  };
}

/**
 * Every response of a path must be in its latency histogram; otherwise, slow responses could be missing. Without a status in its selector,
 * a histogram holds either all responses or the successful ones only, depending on the service.
 */
function latencyRows(plan: Plan, load: LoadRecord, frame: Frame, row: Row): readonly Reconciled[] {
  const { client } = load;
  if (client === undefined) return [];
  const judged = plan.objectives.flatMap(({ measure }) =>
    measure.kind === 'latency' && measure.clientPath !== null && measure.buckets !== null
      ? [{ buckets: measure.buckets, path: measure.clientPath }]
      : [],
  );
  const distinct = [...new Map(judged.map((one) => [one.buckets, one])).values()];
  return distinct.flatMap(({ buckets, path }) => {
    const counted = countIncreases(buckets, frame);
    if (!counted.ok) return [];
    const all = counted.value.filter(
      ({ labels }) => parseValue(labels.le ?? '') === Number.POSITIVE_INFINITY,
    );
    return [
      row(
        `latencies of ${path}`,
        expectedIn(frame.selectedBy(buckets), client, path, total(all)),
        total(all),
      ),
    ];
  });
}

function expectedIn(selected: Selected, client: ClientRequests, path: string, counted: number): number {
  const status = statusPattern(selected.where);
  const [least, most] = [status ?? '2..', status].map((wanted) => {
    const is = isAnsweredWith(wanted);
    return countWhere(client, (one) => one.path === path && is(one));
  }) as [number, number];
  return Math.min(most, Math.max(least, counted));
}

/**
 * Every successful response of a path must be in the mean; otherwise some of its series could be missing. There may be more observations
 * than responses, because a batch makes one observation for each item.
 */
function meanRows(plan: Plan, load: LoadRecord, frame: Frame, row: Row): readonly Reconciled[] {
  return plan.objectives.flatMap(({ id, measure }) => {
    if (measure.kind !== 'mean' || measure.clientPath === undefined) return [];
    const counted = countIncreases(measure.count, frame);
    if (!counted.ok) return [];
    const successes = successesOf(load.client, measure.clientPath);
    const observations = total(counted.value);
    const held = row(`observations of ${id}`, successes, observations);
    return successes === 0 ? [] : [observations < successes ? held : { ...held, ok: true, reasons: [] }];
  });
}

const successesOf = (client: ClientRequests | undefined, path: string) =>
  countWhere(client, (one) => one.status.startsWith('2') && one.path === path);
