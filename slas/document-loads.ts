import { problem, repeated } from './document-problems.ts';
import type { RawDocument, RawObjective, RawScenario } from './document-schema.ts';
import { isDuration, isRate, parseDuration, parseRate } from './limits.ts';
import type { Problem } from './model.ts';

/** What the schema cannot say of scenarios. */

/** They become names of folders, of scripts and of k6's scenarios. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const NAME_RULE = 'letters, digits, - and _, at most 64';

/** All problems of one scenario: its load, its script, the objectives that it names. */
export function checkScenario(
  name: string,
  raw: RawScenario,
  objectives: readonly RawObjective[],
): Problem[] {
  const path = `scenarios.${name}`;
  const ids = objectives.map((objective) => objective?.id);
  const problems = (raw.objectives ?? [])
    .map((id, index) => [id, index] as const)
    .filter(([id]) => !ids.includes(id))
    .map(([id, index]) =>
      problem(
        'unknown-objective',
        `${path}.objectives[${index}]`,
        `scenario "${name}" names objective "${id}", which the document does not define`,
      ),
    );
  if (!NAME.test(name))
    problems.push(problem('bad-name', path, `"${name}" is no scenario name: ${NAME_RULE}`));
  const short = raw.rate !== undefined && raw.duration !== undefined;
  if (short === (raw.phases !== undefined) || (raw.rate !== undefined) !== (raw.duration !== undefined)) {
    problems.push(problem('bad-load', path, `scenario "${name}" needs either rate and duration, or phases`));
  }
  const phases = raw.phases?.map((phase, index) => ({ ...phase, path: `${path}.phases[${index}]` })) ?? [
    { ...raw, path },
  ];
  return [
    ...problems,
    ...phases.flatMap(checkPhase),
    ...checkPhaseNames(raw, path),
    ...checkText(
      raw.requestTimeout,
      `${path}.requestTimeout`,
      (text) => (parseDuration(text) ?? 0) > 0,
      'a duration, as 10s',
    ),
    ...checkText(raw.script, `${path}.script`, isInside, 'a path inside the project, as loadtests/peak.ts'),
  ];
}

/** k6 runs it: a document must not name any file of the machine. */
const isInside = (script: string) => !script.startsWith('/') && !script.split('/').includes('..');

function checkPhaseNames(raw: RawScenario, path: string): Problem[] {
  const names = raw.phases?.map((phase) => phase.name) ?? [];
  const at = (index: number) => `${path}.phases[${index}].name`;
  const bad = names.flatMap((name, index) =>
    NAME.test(name) ? [] : [problem('bad-name', at(index), `"${name}" is no phase name: ${NAME_RULE}`)],
  );
  const twice = repeated(names).map(([name, index]) =>
    problem('duplicate-name', at(index), `phase "${name}" is there twice: names must be unique`),
  );
  return [...bad, ...twice];
}

const checkPhase = (phase: { rate?: string; duration?: string; path: string }) => [
  ...checkText(
    phase.rate,
    `${phase.path}.rate`,
    (text) => isRate(parseRate(text)),
    'a rate from 0.01/s to 10000/s, as 20/s',
  ),
  ...checkText(
    phase.duration,
    `${phase.path}.duration`,
    (text) => isDuration(parseDuration(text)),
    'a duration from 1s to 24h, as 60s',
  ),
];

function checkText(
  text: string | undefined,
  path: string,
  isRight: (text: string) => boolean,
  form: string,
): Problem[] {
  if (text === undefined || isRight(text)) return [];
  return [problem('bad-load', path, `"${text}" is not ${form}`)];
}

export function checkDefaultScenario(raw: RawDocument): Problem[] {
  const name = raw.defaultScenario;
  if (name === undefined || Object.hasOwn(raw.scenarios ?? {}, name)) return [];
  return [
    problem('unknown-scenario', 'defaultScenario', `scenario "${name}" is not defined under scenarios`),
  ];
}
