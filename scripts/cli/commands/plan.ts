import { analysePower, tooShort } from '../../../slas/plan/power-analysis.ts';
import { renderPowerAnalysis } from '../../../slas/render/power-analysis.ts';
import { planRun, type RunOptions } from '../../run/prepare.ts';
import { addPlanOptions, addScenario, addScript, type Register } from '../command.ts';
import { badOption, type PlacedProblem } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface PlanOptions extends RunOptions {
  readonly json?: boolean;
}

export const register: Register = (program, io, done) => {
  const command = program
    .command('plan')
    .description('say before a run what it can decide: requests, minimum needed, minimum detectable effect');
  addScript(addScenario(addPlanOptions(command)))
    .option('--json', 'print the plan as JSON on standard output')
    .action(async (options: PlanOptions) => done(await plan(options, io)));
};

/**
 * Reports before a run what it can decide; a plan that is too short for its document is rejected, as in ./sla
 * gate.
 */
export async function plan(options: PlanOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const planned = await planRun(options, io);
  if (!planned.ok) return planned.error;
  const { plan: made, file } = planned.value;
  if (options.maxDuration !== undefined && made.sequential === undefined)
    return badOption(
      '--max-duration',
      'a plan needs it with --until-decided only, or with until: decided in the scenario: leave it out',
    ).error;
  const load = made.load!;
  const problems = tooShort(made, load).map((problem) => ({ ...problem, file }));
  if (options.json === true) {
    const output = {
      schema: 'sla-harness/foresight/v1',
      sla: made.sla,
      confidence: made.confidence,
      plannedRequests: load.plannedRequests,
      scheduledSeconds: load.scheduledSeconds,
      ...(made.sequential === undefined ? {} : { sequential: made.sequential }),
      objectives: analysePower(made, load),
      problems: problems.map(({ code, message }) => ({ code, message })),
    };
    io.print(`${JSON.stringify(output, null, 2)}\n`);
  } else io.print(renderPowerAnalysis(made, load));
  return problems.length === 0 ? 0 : problems;
}
