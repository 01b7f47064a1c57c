import Type from 'typebox';
import { Counter, closed, text } from './measure-schemas.ts';

/** The scenarios of a document: load as data. */

const InPhases = Type.Object(
  {
    id: text('Id of the objective', 'latency-p95'),
    phases: Type.Array(text('Name of a phase of this scenario'), {
      minItems: 1,
      description:
        'The phases in which the objective is judged, each separately. A recovery is judged from the end of each',
    }),
  },
  closed,
);

const phaseFields = {
  rate: text('Requests started per second, whether or not earlier ones received a response', '20/s'),
  duration: text('Duration', '60s'),
};

export const checks = text(
  'Share of the checks in the load script (k6) that must pass. Without it any failed check prevents a pass, unless its request already counts as an error.',
  '> 99%',
);

export const Scenario = Type.Object(
  {
    description: Type.Optional(text('One-line description, shown in lists')),
    script: Type.Optional(text('The k6 script, relative to the project root. Default: loadtests/<name>.ts')),
    rate: Type.Optional(phaseFields.rate),
    duration: Type.Optional(phaseFields.duration),
    until: Type.Optional(
      Type.Literal('decided', {
        description:
          'The run is judged while it is in progress, and stopped once every objective is met or one is missed',
      }),
    ),
    atLeast: Type.Optional(
      text(
        'With until: no objective is met before this time. Default: a quarter of maxDuration (a third, up to 100s), at least 60s',
        '100s',
      ),
    ),
    maxDuration: Type.Optional(
      text('With until, instead of duration: how long to load if the run is not decided earlier', '10m'),
    ),
    phases: Type.Optional(
      Type.Array(Type.Object({ name: text('Name of the phase'), ...phaseFields }, closed), { minItems: 1 }),
    ),
    seed: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 4294967295, description: 'The same seed gives the same requests' }),
    ),
    arrivals: Type.Optional(
      Type.Union([Type.Literal('even'), Type.Literal('poisson')], {
        description:
          'Evenly spaced (the default), or a Poisson process, like requests from independent clients',
      }),
    ),
    requestsPerArrival: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Requests per arrival; rates count all requests. Default: 1',
      }),
    ),
    requests: Type.Optional(Counter),
    requestTimeout: Type.Optional(
      text('A request without a response after this time counts as unanswered. Default: 10s', '10s'),
    ),
    objectives: Type.Optional(
      Type.Array(Type.Union([Type.String(), InPhases]), {
        description:
          'Objectives of this scenario: an id for the whole run, or { id, phases }. Default: all except recoveries',
      }),
    ),
    checks: Type.Optional(checks),
  },
  { ...closed, description: 'The load: either rate and duration, or phases' },
);
