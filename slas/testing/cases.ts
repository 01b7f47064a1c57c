import { readdirSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { columnsOf } from '../client/columns.ts';
import { parseDocument } from '../document/document.ts';
import type { Evidence, LoadRecord, Plan, Reading, RunRecord, Series, SlaDocument } from '../model/model.ts';
import { planScenario, planWindow } from '../plan/plan.ts';
import { planScript } from '../plan/plan-script.ts';
import { selectorsOfPlan } from '../prometheus/promql.ts';
import { type AlertsText, alertReadings } from './alert-readings.ts';
import { thin } from './downsampled.ts';
import { readLabels, readValues, type Schedule, scheduleOf, selects } from './notation.ts';
import { plannedScript, scenarioRecords } from './script-text.ts';

/** Reads the judging cases: each file of `slas/cases/` has a few cases, given as differences from `given`. */

type ScrapesText = { readonly every: number; readonly first: number; readonly last: number };

interface ReplicaText extends Partial<ScrapesText> {
  /**
   * Labels of the scrape target, instead of the job `sentiment-api` and an instance named like the replica.
   */
  readonly labels?: Readonly<Record<string, string>>;
}
type LoadText = Readonly<Record<string, number | boolean | string>>;

/**
 * A values text, or buckets: cumulative counts of the window by `le` (or values texts), with changes that
 * apply to all.
 */
type ValuesText =
  | string
  | number
  | { readonly le: string | Readonly<Record<string, string>>; readonly but?: string };

interface PhaseText {
  /** When it began; null: it never did. */
  readonly from?: number | null;
  /** Its requests in the notation of `client`, in sequence at the planned rate. */
  readonly client?: string | null;
  /** Their number, if it differs from `client`. */
  readonly sent?: number;
  readonly late?: number;
}

export interface Given {
  /** Its text, or its content. */
  readonly document: string | object;
  /** Changes to the document's `service`. */
  readonly service: Readonly<Record<string, unknown>>;
  /** null: no load plan; a window without a load is judged. */
  readonly scenario: string | null;
  /** The confidence; omitted: the document's, which has none. */
  readonly confidence?: number;
  readonly scrapes: ScrapesText;
  readonly window: { readonly from: number; readonly to: number };
  /** Differences in the scrapes and labels of each replica. */
  readonly replicas: Readonly<Record<string, ReplicaText>>;
  /** null: no run record. */
  readonly load: LoadText | null;
  /**
   * The client's requests: `100x0.05 5x0.3/0.25 2xlost` is 100 of 50 ms, 5 of 300 ms (250 of them for
   * connecting), 2 unanswered; `9 times: …`; `3x0.01=503`.
   */
  readonly client: string | null;
  /**
   * By phase, the load generator's record; omitted phases began as planned, with fast responses. null: no
   * record by phases.
   */
  readonly phases: Readonly<Record<string, PhaseText>> | null;
  /**
   * A k6 script that plans its own load, in place of a scenario; by its scenarios: `25/s for 60s`, `10/s to 40/s for 60s`,
   * `constant-vus for 60s`, `shared-iterations 1500 in 60s`. null: none.
   */
  readonly script: Readonly<Record<string, string>> | null;
  /**
   * The results of each of its scenarios: `1500`, `1490, 10 dropped`, `1500, late 0.3`. null: not recorded.
   */
  readonly did: Readonly<Record<string, string | number>> | null;
  /** Requests that it aimed at other hosts, by host. */
  readonly elsewhere: Readonly<Record<string, number>>;
  /** The load script's checks: `body is right: 300 of 320` passed. null: not recorded. */
  readonly checks: Readonly<Record<string, string>> | null;
  /** Its thresholds: `http_req_duration: p(95)<200 crossed at 251.3`, or `kept at`, or `kept without samples`. null: not recorded. */
  readonly thresholds: readonly string[] | null;
  /** What else k6 reported as failed. null: not recorded. */
  readonly failures: readonly string[] | null;
  /** The document's `checks`; null: it has none. */
  readonly asks: string | null;
  readonly incidents: readonly string[];
  /** Seconds by which Prometheus's clock is ahead of ours, and the uncertainty. null: not queried. */
  readonly clock: { readonly ahead: number; readonly uncertainty: number } | null;
  /**
   * The window is treated as too long to be read in full, and downsampled to this many blocks. null: all
   * samples are there.
   */
  readonly blocks: number | null;
  /** The states of Prometheus's alerts. null: not queried. */
  readonly alerts: AlertsText | null;
  readonly names: Readonly<Record<string, string>>;
  /** By name; a name that ends in `@b` belongs to replica b only. null: there is no such series. */
  readonly series: Readonly<Record<string, ValuesText | null>>;
  /** Warnings with Prometheus's response, or an error instead of it, by the queried metric. */
  readonly warnings: Readonly<Record<string, string>>;
  readonly errors: Readonly<Record<string, string>>;
}

export interface ExpectedObjective {
  /** `met`, `missed target`, `missed alert` or `undecided`. */
  readonly is: string;
  readonly value?: number;
  readonly share?: number;
  readonly bucket?: readonly [number, number | null];
  readonly samples?: number;
  /** 0: none. */
  readonly uncounted?: number;
  /** null: there is none. */
  readonly interval?: readonly [low: number, high: number] | null;
  readonly margin?: number;
  readonly near?: boolean;
  readonly detectable?: number;
  readonly needed?: { readonly more80: number | null; readonly moreIfNoneBad: number | null } | null;
  readonly steady?: string | null;
  /** Seconds of its phase that the service's counts cover; null: none. */
  readonly covers?: number | null;
  /** A substring of the reason. */
  readonly says?: string;
}

export interface ExpectedAlert {
  readonly agrees: boolean | null;
  readonly severity?: string | null;
  /** As `20..45`, seconds of the case. */
  readonly firing?: string;
  readonly says?: string;
}

interface ExpectText {
  readonly verdict: string;
  readonly summary?: string;
  /** By id; `others` are all that are not named. */
  readonly objectives?: Readonly<Record<string, string | ExpectedObjective>>;
  readonly preconditions?: Readonly<Record<string, boolean | null | { ok: boolean | null; says: string }>>;
  /** All reported alerts, by name. null: no rules were seen. */
  readonly alerts?: Readonly<Record<string, ExpectedAlert>> | null;
  /** A substring of the summary of all alerts. */
  readonly alertsSay?: string;
}

interface CaseText extends Partial<Given> {
  readonly name: string;
  readonly because: string;
  readonly expect: ExpectText;
}

interface FileText extends Partial<Given> {
  readonly given?: string;
  readonly cases: readonly CaseText[];
}

export interface Judged {
  readonly document: SlaDocument;
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly evidence: Evidence;
}

export interface JudgingCase {
  readonly name: string;
  readonly because: string;
  /**
   * Input for the judge. Built in the test itself, so that a plan that cannot be built fails its own case.
   */
  readonly build: () => Judged;
  readonly expect: ExpectText;
}

const folder = new URL('../cases/', import.meta.url);
const readYaml = (file: string): unknown =>
  parse(readFileSync(new URL(file, folder), 'utf8'), { merge: true });

export const SHIPPED_YAML = readFileSync(new URL('../documents/sentiment-api.yaml', import.meta.url), 'utf8');

const NOTHING: Given = {
  document: SHIPPED_YAML,
  service: {},
  scenario: null,
  scrapes: { every: 5, first: 0, last: 80 },
  window: { from: 10.2, to: 69.8 },
  replicas: { a: {} },
  load: null,
  client: null,
  phases: null,
  script: null,
  did: null,
  elsewhere: {},
  checks: null,
  thresholds: null,
  failures: null,
  asks: null,
  incidents: [],
  clock: null,
  blocks: null,
  alerts: null,
  names: {},
  series: {},
  warnings: {},
  errors: {},
};

/** Times of the cases are seconds after this time. */
export const ORIGIN_SECONDS = Date.UTC(2025, 0, 1) / 1000;

let files: ReadonlyMap<string, readonly JudgingCase[]> | undefined;

/** Every case of every file, by file name; read once. */
export function readCaseFiles(): ReadonlyMap<string, readonly JudgingCase[]> {
  files ??= new Map(
    readdirSync(folder)
      .filter((file) => /(?<!\.given)\.yaml$/.test(file))
      .sort()
      .map((file) => [file, readCases(readYaml(file) as FileText)]),
  );
  return files;
}

function readCases({ given, cases, ...own }: FileText): readonly JudgingCase[] {
  const base = overlay(given === undefined ? NOTHING : readGiven(given), own);
  return cases.map(({ name, because, expect, ...changes }) => ({
    name,
    because,
    expect,
    build: () => build(overlay(base, changes)),
  }));
}

const readGiven = (name: string) => overlay(NOTHING, readYaml(`${name}.given.yaml`) as Partial<Given>);

/** The healthy service of `healthy.given.yaml`, with this many replicas. */
export const healthy = (changes: Partial<Given> = {}) => build(overlay(readGiven('healthy'), changes));

function overlay(base: Given, changes: Partial<Given>): Given {
  const load =
    changes.load === undefined ? base.load : changes.load === null ? null : { ...base.load, ...changes.load };
  return {
    ...base,
    ...changes,
    scrapes: { ...base.scrapes, ...changes.scrapes },
    window: { ...base.window, ...changes.window },
    load,
    names: { ...base.names, ...changes.names },
    series: { ...base.series, ...changes.series },
  };
}

function build(given: Given): Judged {
  const document = documentOf(given);
  const plan = planOf(document, given);
  const series = Object.keys(given.replicas).flatMap((replica) => seriesOf(replica, given));
  const run: RunRecord = {
    schema: 'sla-harness/run/v1',
    id: 'case',
    window: { fromSeconds: ORIGIN_SECONDS + given.window.from, toSeconds: ORIGIN_SECONDS + given.window.to },
    load:
      given.load === null
        ? null
        : { ...loadOf(given.load, plan), ...recordOf(given, plan), ...scriptOf(given) },
    incidents: given.incidents,
  };
  const readings = selectorsOfPlan(plan).map((selector) => readingOf(selector, series, given));
  const evidence: Evidence = {
    schema: 'sla-harness/evidence/v1',
    prometheus: { url: 'http://127.0.0.1:9090/' },
    ...(given.clock === null
      ? {}
      : { clock: { aheadSeconds: given.clock.ahead, uncertaintySeconds: given.clock.uncertainty } }),
    readings,
    ...(given.alerts === null ? {} : { alerts: alertReadings(given.alerts, plan, run, ORIGIN_SECONDS) }),
  };
  const { blocks } = given;
  return { document, plan, run, evidence: blocks === null ? evidence : thin(plan, run, evidence, blocks) };
}

/**
 * Cached by their input: most cases have the same document, and parsing one takes longer than judging a case.
 */
const documents = new Map<string, SlaDocument>();

function documentOf({ document, service, asks }: Given): SlaDocument {
  const key = JSON.stringify([document, service, asks]);
  const known = documents.get(key);
  if (known !== undefined) return known;
  const parsed = parsedDocument(document, service, asks);
  documents.set(key, parsed);
  return parsed;
}

function parsedDocument(document: Given['document'], service: Given['service'], asks: Given['asks']) {
  const raw = (typeof document === 'string' ? parse(document) : document) as { service: object };
  const checks = asks === null ? {} : { checks: asks };
  const text = stringify({ ...raw, ...checks, service: { ...raw.service, ...service } });
  const parsed = parseDocument(text);
  if (!parsed.ok) throw new Error(parsed.error.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return parsed.value;
}

function planOf(document: SlaDocument, { scenario, script, confidence }: Given): Plan {
  const overrides = confidence === undefined ? {} : { confidence };
  if (script !== null) return planScript(document, plannedScript(script), overrides);
  if (scenario === null) return planWindow(document, overrides);
  const plan = planScenario(document, scenario, overrides);
  if (plan.ok) return plan.value;
  throw new Error(plan.error.map(({ message }) => message).join('\n'));
}

/** The client's record of each request: 25 per second from the start, or by phases. */
function recordOf({ client, phases, window }: Given, plan: Plan): Pick<LoadRecord, 'client' | 'phases'> {
  if (phases === null)
    return client === null
      ? {}
      : recordedAs(requestsOf(client).map((one, index) => ({ ...one, startMs: index * 40 })));
  let planned = window.from;
  const all = plan.load!.phases.flatMap(({ name, ratePerSecond, durationSeconds }) => {
    const { from = planned, client: own, sent, late = 0.01 } = phases[name] ?? {};
    planned += durationSeconds;
    if (from === null) return [];
    const requests = own === null ? [] : requestsOf(own ?? `${ratePerSecond * durationSeconds}x0.05`);
    const startMs = (index: number) => Math.round((from + index / ratePerSecond) * 10_000) / 10;
    return [
      {
        record: {
          name,
          fromSeconds: ORIGIN_SECONDS + from,
          sent: sent ?? requests.length,
          startedLateP99Seconds: late,
        },
        requests: requests.map((one, index) => ({ ...one, startMs: startMs(index) })),
        isRecorded: own !== null,
      },
    ];
  });
  const requests = all.filter(({ isRecorded }) => isRecorded).flatMap((one) => one.requests);
  return { ...(requests.length === 0 ? {} : recordedAs(requests)), phases: all.map(({ record }) => record) };
}

/** k6's report on the load script. */
function scriptOf({ checks, thresholds, failures, did, elsewhere }: Given): Partial<LoadRecord> {
  const hosts = Object.entries(elsewhere).map(([host, requests]) => ({ host, requests }));
  return {
    ...(did === null ? {} : { scenarios: scenarioRecords(did) }),
    ...(hosts.length === 0 ? {} : { elsewhere: hosts }),
    ...(checks === null ? {} : { checks: Object.entries(checks).map(([name, text]) => checkOf(name, text)) }),
    ...(thresholds === null ? {} : { thresholds: thresholds.map(thresholdOf) }),
    ...(failures === null ? {} : { failures }),
  };
}

function checkOf(name: string, text: string) {
  const [passes, made] = text.split(' of ').map(Number);
  return { name, passes: passes!, fails: made! - passes! };
}

function thresholdOf(text: string) {
  const [, metric, threshold, state, value] =
    /^(.*?): (\S+) (crossed|kept) (?:at ([\d.]+)|without samples)$/.exec(text)!;
  return {
    metric: metric!,
    threshold: threshold!,
    isCrossed: state === 'crossed',
    value: value === undefined ? null : Number(value),
    samples: value === undefined ? 0 : 1500,
  };
}

interface RequestText {
  readonly durationMs: number;
  readonly blockedMs: number;
  readonly status: number;
}

function requestsOf(text: string): readonly RequestText[] {
  const [, times, sequence] = /^(?:(\d+) times: )?(.*)$/.exec(text)!;
  const parts = Array.from({ length: Number(times ?? 1) }, () => sequence!.split(' ')).flat();
  return parts.flatMap((part) => {
    const [, count, seconds, blocked, status] = /^(\d+)x(lost|[\d.]+)(?:\/([\d.]+))?(?:=(\d+))?$/.exec(part)!;
    const isLost = seconds === 'lost';
    return Array.from({ length: Number(count) }, () => ({
      durationMs: isLost ? 10_000 : Number(seconds) * 1000,
      blockedMs: Number(blocked ?? 0) * 1000,
      status: isLost ? 0 : Number(status ?? 200),
    }));
  });
}

const recordedAs = (
  requests: readonly (RequestText & { readonly startMs: number })[],
): Pick<LoadRecord, 'client'> => ({
  client: columnsOf(
    ORIGIN_SECONDS,
    requests.map(({ startMs, durationMs, blockedMs, status }) => ({
      startSeconds: startMs / 1000,
      durationSeconds: durationMs / 1000,
      blockedSeconds: blockedMs / 1000,
      ...{ status, path: '/predict' },
    })),
  ),
});

function loadOf(text: LoadText, plan: Plan): LoadRecord {
  const number = (key: string, otherwise = 0) => Number(text[key] ?? otherwise);
  return {
    generator: { name: 'k6', version: '2.2.0' },
    plannedRequests: number('planned', plan.load?.plannedRequests),
    scheduledSeconds: number('seconds', plan.load?.scheduledSeconds),
    sent: number('sent'),
    answered: {
      '1xx': number('1xx'),
      '2xx': number('2xx'),
      '3xx': number('3xx'),
      '4xx': number('4xx'),
      '5xx': number('5xx'),
    },
    lost: number('lost'),
    ...(text.late === undefined ? {} : { startedLateP99Seconds: number('late') }),
    ...(text.wrong === undefined ? {} : { wrongAnswers: number('wrong') }),
    ...(text.looked === undefined ? {} : { lookedInto: number('looked') }),
    ...(text['script errors'] === undefined ? {} : { scriptErrors: number('script errors') }),
    ...(text['first error'] === undefined ? {} : { firstScriptError: String(text['first error']) }),
    ...(text.others === undefined ? {} : { otherRequests: number('others') }),
    ...(text.grpc === undefined ? {} : { otherProtocols: [{ protocol: 'grpc', samples: number('grpc') }] }),
    droppedIterations: number('dropped'),
    completed: text.completed !== false,
    stoppedBecause: typeof text.stopped === 'string' ? text.stopped : null,
  };
}

function seriesOf(replica: string, given: Given): readonly Series[] {
  const { every, first, last } = { ...given.scrapes, ...given.replicas[replica] };
  const schedule = scheduleOf(every, first, last, given.window);
  const names = new Set(Object.keys(given.series).map((key) => key.split(' @')[0]!));
  return [...names].flatMap((name) => {
    const own = given.series[`${name} @${replica}`];
    const values = own === undefined ? given.series[name] : own;
    if (values === undefined || values === null) return [];
    const target = given.replicas[replica]?.labels ?? { job: 'sentiment-api', instance: replica };
    const labels = { ...target, ...readLabels(given.names[name] ?? name) };
    return histogramOrSeries(labels, values, schedule);
  });
}

function histogramOrSeries(
  labels: Record<string, string>,
  values: ValuesText,
  schedule: Schedule,
): readonly Series[] {
  const one = (own: Record<string, string>, text: string): Series => ({
    labels: own,
    samples: readValues(text, schedule).map(([at, value]) => [ORIGIN_SECONDS + at, absolute(value)]),
  });
  if (typeof values !== 'object') return [one(labels, String(values))];
  const buckets = typeof values.le === 'string' ? readBuckets(values.le) : Object.entries(values.le);
  const changes = values.but === undefined ? '' : `; ${values.but}`;
  return buckets.map(([le, text]) => one({ ...labels, le }, text + changes));
}

/** `@40`: the Unix time of second 40 of the case, as a process start time. */
const absolute = (value: string) =>
  value.startsWith('@') ? String(ORIGIN_SECONDS + Number(value.slice(1))) : value;

const readBuckets = (text: string) =>
  text.split(/\s+/).map((bucket): [string, string] => {
    const [le, grown] = bucket.split('=');
    return [le!, `0 -> ${grown}`];
  });

function readingOf(selector: string, series: readonly Series[], { warnings, errors }: Given): Reading {
  const metric = selector.split('{')[0]!;
  const error = errors[metric] ?? errors.everything ?? null;
  return {
    selector,
    query: `${selector}[90s]`,
    atSeconds: ORIGIN_SECONDS + 85,
    series: error === null ? series.filter(({ labels }) => selects(selector, labels)) : [],
    warnings: warnings[metric] === undefined ? [] : [warnings[metric]],
    error,
  };
}
