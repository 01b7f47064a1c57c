import { readdirSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { parseDocument } from '../document/document.ts';
import type { Evidence, Plan, Reading, RunRecord, Series, SlaDocument } from '../model/model.ts';
import { planScenario, planWindow } from '../plan/plan.ts';
import { planScript } from '../plan/plan-script.ts';
import { selectorsOfPlan } from '../prometheus/promql.ts';
import { alertReadings } from './alert-readings.ts';
import { loadOf, recordOf, scriptOf } from './case-records.ts';
import { type ExpectText, type FileText, type Given, ORIGIN_SECONDS, type ValuesText } from './case-text.ts';
import { thin } from './downsampled.ts';
import { readLabels, readValues, type Schedule, scheduleOf, selects } from './notation.ts';
import { plannedScript } from './script-text.ts';

/** Reads the judging cases. Each file of `slas/cases/` has a few cases, written as differences from its `given`. */

export interface Judged {
  readonly document: SlaDocument;
  readonly plan: Plan;
  readonly run: RunRecord;
  readonly evidence: Evidence;
}

export interface JudgingCase {
  readonly name: string;
  readonly because: string;
  /** The input of the judge. Built inside the test, so that a plan that cannot be built fails only its own case. */
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
  advisory: [],
  waivers: [],
  incidents: [],
  clock: null,
  blocks: null,
  alerts: null,
  names: {},
  series: {},
  warnings: {},
  errors: {},
};

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

function documentOf({ document, service, asks, advisory, waivers }: Given): SlaDocument {
  const key = JSON.stringify([document, service, asks, advisory, waivers]);
  const known = documents.get(key);
  if (known !== undefined) return known;
  const parsed = parsedDocument({ document, service, asks, advisory, waivers });
  documents.set(key, parsed);
  return parsed;
}

interface RawText {
  readonly service: object;
  readonly objectives: readonly { readonly id: string }[];
}

function parsedDocument({
  document,
  service,
  asks,
  advisory,
  waivers,
}: Pick<Given, 'document' | 'service' | 'asks' | 'advisory' | 'waivers'>) {
  const raw = (typeof document === 'string' ? parse(document) : document) as RawText;
  const objectives = raw.objectives.map((one) =>
    advisory.includes(one.id) ? { ...one, advisory: true } : one,
  );
  const checks = asks === null ? {} : { checks: asks };
  const text = stringify({
    ...raw,
    objectives,
    ...(waivers.length === 0 ? {} : { waivers }),
    ...checks,
    service: { ...raw.service, ...service },
  });
  const parsed = parseDocument(text);
  if (!parsed.ok) throw new Error(parsed.error.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return parsed.value;
}

function planOf(document: SlaDocument, { scenario, script, confidence, until }: Given): Plan {
  const overrides = {
    ...(confidence === undefined ? {} : { confidence }),
    ...(until === undefined ? {} : { untilDecided: { maxSeconds: until } }),
  };
  if (script !== null) return planScript(document, plannedScript(script), overrides);
  if (scenario === null) return planWindow(document, overrides);
  const plan = planScenario(document, scenario, overrides);
  if (plan.ok) return plan.value;
  throw new Error(plan.error.map(({ message }) => message).join('\n'));
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
