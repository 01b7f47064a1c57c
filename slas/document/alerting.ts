import type { Alerting, Problem, Selection } from '../model/model.ts';
import { parseLimit } from './limits.ts';
import { problem, repeated } from './problems.ts';
import type { RawAlerting, RawCounter, RawDocument } from './schema.ts';

/** Checks `alerting:` beyond the schema, and builds its value. */

export function checkAlerting(raw: RawAlerting, objectives: RawDocument['objectives']): readonly Problem[] {
  const ids = Array.isArray(objectives) ? objectives.map((objective) => objective?.id) : [];
  const unknown = Object.keys(raw.names ?? {}).filter((id) => !ids.includes(id));
  return [
    ...unknown.map((id) =>
      problem(
        'unknown-objective',
        `alerting.names.${id}`,
        `alerting.names has objective "${id}", which the document does not define`,
      ),
    ),
    ...checkRunbooks(raw.runbooks),
    ...checkWatchable(raw, objectives),
    ...checkNames(raw),
    ...checkDrift(raw.drift),
  ];
}

function checkRunbooks(runbooks: RawAlerting['runbooks']): readonly Problem[] {
  const wrong = runbooks === undefined ? null : wrongRunbooks(runbooks);
  return wrong === null ? [] : [problem('bad-runbooks', 'alerting.runbooks', wrong)];
}

/** The problem with the address of the runbooks; null if there is none. */
export function wrongRunbooks(runbooks: string): string | null {
  if (runbooks.trim() === '')
    return 'the address of the runbooks is empty: write it as docs/runbooks/{alert}.md';
  const unknown = [...runbooks.matchAll(/\{[^}]*\}?/g)]
    .map(([text]) => text)
    .find((text) => text !== '{alert}');
  return unknown === undefined
    ? null
    : `"${runbooks}" contains ${unknown}: only {alert}, which stands for the name of the alert, is replaced`;
}

/**
 * An alert cannot be named for a latency that only the client measures: a rule reads series of the service, and such an objective has none.
 */
function checkWatchable(
  { names = {} }: RawAlerting,
  objectives: RawDocument['objectives'],
): readonly Problem[] {
  const all = Array.isArray(objectives) ? objectives : [];
  return Object.keys(names).flatMap((id) => {
    const latency = all.find((objective) => objective?.id === id)?.latency;
    return latency === undefined || latency === null || latency.histogram !== undefined
      ? []
      : [
          problem(
            'unwatchable',
            `alerting.names.${id}`,
            `no alert can monitor objective "${id}", because it is judged client-side only: remove it here, or add a histogram to the objective`,
          ),
        ];
  });
}

/** Alerts with the same name would be indistinguishable. */
function checkNames({ names = {}, drift, raw = [] }: RawAlerting): readonly Problem[] {
  const named: [path: string, name: string][] = [
    ...Object.entries(names).map(([id, { name }]): [string, string] => [`alerting.names.${id}.name`, name]),
    ...(drift === undefined ? [] : [['alerting.drift.name', drift.name] as [string, string]]),
    ...raw.map(({ name }, index): [string, string] => [`alerting.raw[${index}].name`, name]),
  ];
  return repeated(named.map(([, name]) => name)).map(([name, index]) =>
    problem('duplicate-name', named[index]![0], `alert name "${name}" is used twice: names must be unique`),
  );
}

function checkDrift(drift: RawAlerting['drift']): readonly Problem[] {
  if (drift === undefined) return [];
  return (['expected', 'moved'] as const).flatMap((field) => {
    const value = readShare(drift[field]);
    if (value > 0 && value < 1) return [];
    const message = `"${drift[field]}" is not a share between 0% and 100%: write it as 50%`;
    return [problem('bad-limit', `alerting.drift.${field}`, message)];
  });
}

/** NaN if the text is not a share. */
function readShare(text: string): number {
  const limit = parseLimit(`< ${text}`, 'ratio');
  return limit.ok ? limit.value.value : Number.NaN;
}

export function buildAlerting(raw: RawAlerting, build: (counter: RawCounter) => Selection): Alerting {
  const { drift } = raw;
  return {
    runbooks: raw.runbooks ?? null,
    names: raw.names ?? {},
    drift:
      drift === undefined
        ? null
        : {
            name: drift.name,
            severity: drift.severity,
            part: build(drift.part),
            total: build(drift.total),
            expectedShare: readShare(drift.expected),
            movedShare: readShare(drift.moved),
          },
    raw: raw.raw ?? [],
  };
}
