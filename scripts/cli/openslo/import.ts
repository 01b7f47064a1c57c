import { stringify } from 'yaml';
import { parseDocument } from '../../../slas/document/document.ts';
import { fail, ok, type Result } from '../../../slas/model/result.ts';
import { measureOf } from './indicators.ts';
import { type OpenSloObjects, readObjects, type Slo } from './objects.ts';
import { oneLine, type SelectedSeries } from './query.ts';

/** Converts the objectives of an OpenSLO v1 file to an SLA document, and lists what a document cannot express. */

export interface ImportedSlos {
  /** A document that `./sla check` accepts; null: nothing can be imported. */
  readonly text: string | null;
  readonly translated: number;
  readonly left: readonly string[];
}

export function importOpenSlo(
  yaml: string,
  source: string,
  selector: Readonly<Record<string, string>> | null,
): Result<ImportedSlos, string> {
  const objects = readObjects(yaml);
  if (!objects.ok) return objects;
  const translated = objects.value.slos.flatMap((slo) => translate(slo, objects.value));
  const service = selector ?? commonLabels(translated.flatMap((one) => (one.ok ? one.value.series : [])));
  const left = [...objects.value.left, ...translated.flatMap((one) => (one.ok ? [] : [one.error]))];
  const found = translated.flatMap((one) => (one.ok ? [one.value] : []));
  if (found.length === 0) return ok({ text: null, translated: 0, left });
  if (Object.keys(service).length === 0)
    return fail(
      'its queries have no common label that selects the service: name one with --selector job=NAME',
    );
  const name = objects.value.slos[0]!.spec.service ?? objects.value.slos[0]!.metadata.name;
  const objectives: object[] = [];
  for (const one of found) {
    const objective = one.objective(service);
    const why = problemOf(objective, service, name);
    if (why === null) objectives.push(objective);
    else left.push(`${one.name}: ${why}`);
  }
  const text = objectives.length === 0 ? null : textOf({ name, service, objectives, source, left });
  return ok({ text, translated: objectives.length, left });
}

interface Translated {
  readonly name: string;
  readonly series: readonly SelectedSeries[];
  readonly objective: (service: Readonly<Record<string, string>>) => object;
}

function translate(slo: Slo, { indicators }: OpenSloObjects): readonly Result<Translated, string>[] {
  const { name } = slo.metadata;
  const { indicator, indicatorRef, budgetingMethod, objectives } = slo.spec;
  const measured = indicator?.spec ?? (indicatorRef === undefined ? undefined : indicators.get(indicatorRef));
  if (measured === undefined)
    return [
      fail(
        `${name}: ${indicatorRef === undefined ? 'it has no indicator' : `the file has no SLI "${indicatorRef}"`}`,
      ),
    ];
  if (budgetingMethod !== undefined && budgetingMethod !== 'Occurrences')
    return [fail(`${name}: a document counts requests, not ${budgetingMethod.toLowerCase()}`)];
  return objectives.map((objective, index) => {
    const id = idOf(objectives.length === 1 ? name : `${name}-${index + 1}`);
    const made = measureOf(measured, objective);
    if (!made.ok) return fail(`${name}: ${made.error}`);
    const { series, measure, target } = made.value;
    const title = objective.displayName ?? slo.metadata.displayName ?? slo.spec.description;
    return ok({
      name,
      series,
      objective: (service) => ({
        id,
        ...(title ? { title: oneLine(title) } : {}),
        ...measure(service),
        target,
      }),
    });
  });
}

const idOf = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '') || 'objective';

/** The labels that all queries match exactly. They select the service. */
function commonLabels(series: readonly SelectedSeries[]): Readonly<Record<string, string>> {
  const [first, ...others] = series.map(({ matchers }) =>
    matchers.filter(({ operator }) => operator === '='),
  );
  const common = (first ?? []).filter((one) =>
    others.every((own) => own.some(({ label, value }) => label === one.label && value === one.value)),
  );
  const ofTargets = common.filter(({ label }) => SERVICE_LABELS.test(label));
  return Object.fromEntries(
    (ofTargets.length > 0 ? ofTargets : common).map(({ label, value }) => [label, value]),
  );
}

/** Labels that a scrape adds to every series of its target. Other labels may belong to a single metric. */
const SERVICE_LABELS = /^(job|service|app|namespace|cluster|environment|env)$/;

// ---------------------------------------------------------------------------------------------- document

const head = (name: string, service: object) => ({
  apiVersion: 'sla-harness/v1',
  kind: 'SLA',
  name,
  service: { selector: service },
});

/** Why a document with only this objective would be invalid; null: it would be valid. */
function problemOf(objective: object, service: object, name: string): string | null {
  const parsed = parseDocument(stringify({ ...head(name, service), objectives: [objective] }));
  return parsed.ok ? null : parsed.error.map(({ message }) => message).join('; ');
}

interface DocumentParts {
  readonly name: string;
  readonly service: object;
  readonly objectives: readonly object[];
  readonly source: string;
  readonly left: readonly string[];
}

function textOf({ name, service, objectives, source, left }: DocumentParts): string {
  const document = { ...head(name, service), objectives: withIds(objectives) };
  return [
    `# Imported from ${oneLine(source)} (OpenSLO v1). OpenSLO's time windows were left out: a run judges its own window.`,
    '# OpenSLO has no equivalent of these fields, which are worth adding: service.requests (all requests, compared with what k6 sent), client in latencies, lost: bad in ratios.',
    stringify(document, { lineWidth: 0 }),
    ...(left.length === 0 ? [] : ['# Not imported:', ...left.map((one) => `# - ${oneLine(one)}`), '']),
  ].join('\n');
}

/** Ids are unique in a document, but OpenSLO names are unique only per kind and file. */
function withIds(objectives: readonly object[]): readonly object[] {
  const seen = new Map<string, number>();
  return (objectives as readonly { readonly id: string }[]).map((one) => {
    const times = (seen.get(one.id) ?? 0) + 1;
    seen.set(one.id, times);
    return times === 1 ? one : { ...one, id: `${one.id}-${times}` };
  });
}
