import type { Limit, Problem } from '../model/model.ts';
import { holds, isDuration, isRate, parseDuration, parseLimit, parseRate } from './limits.ts';
import { checkDecimals, problem, repeated } from './problems.ts';
import type { RawDocument, RawObjective, RawScenario } from './schema.ts';
import { checkUntil } from './until.ts';

/** Checks of scenarios beyond the schema. */

/** Names of scenarios and phases are used for folders, scripts and k6 scenarios. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const NAME_RULE = 'letters, digits, - and _, at most 64';

/** All problems of one scenario: its load, its script, and the objectives that it names. */
export function checkScenario(
  name: string,
  raw: RawScenario,
  objectives: readonly RawObjective[],
): Problem[] {
  const path = `scenarios.${name}`;
  const problems = checkObjectives(name, raw, objectives);
  if (!NAME.test(name))
    problems.push(problem('bad-name', path, `"${name}" is not a valid scenario name: use ${NAME_RULE}`));
  const lasts = raw.duration ?? (raw.until === undefined ? undefined : raw.maxDuration);
  const short = raw.rate !== undefined && lasts !== undefined;
  if (short === (raw.phases !== undefined) || (raw.rate !== undefined) !== (lasts !== undefined)) {
    problems.push(problem('bad-load', path, `scenario "${name}" needs either rate and duration, or phases`));
  }
  const phases = raw.phases?.map((phase, index) => ({ ...phase, path: `${path}.phases[${index}]` })) ?? [
    { ...raw, path },
  ];
  return [
    ...problems,
    ...phases.flatMap(checkPhase),
    ...checkPhaseNames(raw, path),
    ...checkUntil(name, raw),
    ...checkText(
      raw.requestTimeout,
      `${path}.requestTimeout`,
      (text) => (parseDuration(text) ?? 0) > 0,
      'a valid duration: write it as 10s',
    ),
    ...checkPassedShare(raw.checks, `${path}.checks`),
    ...checkText(
      raw.script,
      `${path}.script`,
      isInside,
      'a path inside the project: write it as loadtests/peak.ts',
    ),
  ];
}

/** `> 99%`: how many checks must pass. The limit must allow 100% and must not allow 0%. */
export function checkPassedShare(text: string | undefined, path: string): Problem[] {
  if (text === undefined) return [];
  const limit = parseLimit(text, 'ratio');
  if (limit.ok && isShareToPass(limit.value)) return checkDecimals(limit.value.value, path);
  const message = `"${text}" is not a share of checks that must pass: write > or >= and a share of 50% or more, for example "> 99%"; "100%" only with >=`;
  return [problem('bad-checks', path, message)];
}

const isShareToPass = (limit: Limit) =>
  limit.comparison.startsWith('>') && holds(1, limit) && limit.value >= 0.5;

/** Names of the phases; a scenario with rate and duration has the single phase `hold`. */
const phasesOf = (raw: RawScenario) => raw.phases?.map((phase) => phase?.name) ?? ['hold'];

/** The objectives and phases that a scenario names must exist. */
function checkObjectives(name: string, raw: RawScenario, objectives: readonly RawObjective[]): Problem[] {
  const path = `scenarios.${name}.objectives`;
  const named = (raw.objectives ?? []).map((one) =>
    typeof one === 'string' ? { id: one, phases: null } : one,
  );
  const rows = named.map(({ id, phases }) => (phases ?? [null]).map((phase) => `${id} ${phase ?? ''}`));
  const before = (index: number) => rows.slice(0, index).flat();
  return named.flatMap(({ id, phases }, index) => {
    const at = `${path}[${index}]`;
    const objective = objectives.find((one) => one?.id === id);
    if (objective === undefined) {
      const message = `scenario "${name}" names objective "${id}", which the document does not define`;
      return [problem('unknown-objective', phases === null ? at : `${at}.id`, message)];
    }
    const twice = rows[index]!.some((row, place) =>
      [...before(index), ...rows[index]!.slice(0, place)].includes(row),
    );
    return [
      ...(twice
        ? [
            problem(
              'duplicate-objective',
              at,
              `scenario "${name}" names "${id}" twice for the same part of the run`,
            ),
          ]
        : []),
      ...(objective.recovery !== undefined && phases === null
        ? [
            problem(
              'no-phase',
              at,
              `"${id}" is a recovery objective: name the phase that it recovers from, for example { id: ${id}, phases: [spike] }`,
            ),
          ]
        : []),
      ...(phases ?? []).flatMap((phase, place) =>
        checkPhaseOf(objective, phase, `${at}.phases[${place}]`, phasesOf(raw)),
      ),
    ];
  });
}

function checkPhaseOf(
  { id, recovery }: RawObjective,
  phase: string,
  path: string,
  known: readonly (string | undefined)[],
): Problem[] {
  if (!known.includes(phase))
    return [
      problem('unknown-phase', path, `the scenario has no phase "${phase}": it has ${known.join(', ')}`),
    ];
  if (recovery === undefined || known.indexOf(phase) < known.length - 1) return [];
  return [
    problem(
      'no-phase',
      path,
      `"${id}" is measured in the phase after "${phase}", but that is the last phase: add one after it`,
    ),
  ];
}

/** k6 executes the script, so a document must not name files outside the project. */
const isInside = (script: string) => !script.startsWith('/') && !script.split('/').includes('..');

function checkPhaseNames(raw: RawScenario, path: string): Problem[] {
  const names = raw.phases?.map((phase) => phase.name) ?? [];
  const at = (index: number) => `${path}.phases[${index}].name`;
  const bad = names.flatMap((name, index) =>
    NAME.test(name)
      ? []
      : [problem('bad-name', at(index), `"${name}" is not a valid phase name: use ${NAME_RULE}`)],
  );
  const twice = repeated(names).map(([name, index]) =>
    problem('duplicate-name', at(index), `phase name "${name}" is used twice: names must be unique`),
  );
  return [...bad, ...twice];
}

const checkPhase = (phase: { rate?: string; duration?: string; path: string }) => [
  ...checkText(
    phase.rate,
    `${phase.path}.rate`,
    (text) => isRate(parseRate(text)),
    'a valid rate (0.01/s to 10000/s): write it as 20/s',
  ),
  ...checkText(
    phase.duration,
    `${phase.path}.duration`,
    (text) => isDuration(parseDuration(text)),
    'a valid duration (1s to 24h): write it as 60s',
  ),
];

/** The bounds of the load on an existing service. */
export const checkBounds = ({ maxRate, maxDuration }: RawDocument['service']): Problem[] => [
  ...checkText(
    maxRate,
    'service.maxRate',
    (text) => isRate(parseRate(text)),
    'a valid rate (0.01/s to 10000/s): write it as 100/s',
  ),
  ...checkText(
    maxDuration,
    'service.maxDuration',
    (text) => isDuration(parseDuration(text)),
    'a valid duration (1s to 24h): write it as 10m',
  ),
];

const HEADER = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A GET has no body, and a header is one line. */
export function checkWarmUp({ warmUp }: RawDocument['service']): Problem[] {
  if (warmUp === undefined) return [];
  const at = 'service.warmUp';
  const bad = Object.entries(warmUp.headers ?? {}).find(
    ([name, value]) => !HEADER.test(name) || !/^[\t\x20-\x7e]*$/.test(value),
  );
  return [
    ...(warmUp.method === 'GET' && warmUp.bodies !== undefined
      ? [problem('bad-warm-up', `${at}.bodies`, 'a GET has no body: leave out bodies, or use method: POST')]
      : []),
    ...(bad === undefined
      ? []
      : [
          problem(
            'bad-warm-up',
            `${at}.headers`,
            `${JSON.stringify(bad[0])} is not a valid header: its name has letters, digits and hyphens, its value printable ASCII characters`,
          ),
        ]),
  ];
}

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
