import { cannotPass } from '../../../slas/plan/cannot-pass.ts';
import { decisionTimes, proposedMaximum } from '../../../slas/plan/decision-times.ts';
import { numberTimes } from '../../../slas/plan/number-times.ts';
import { analysePower, tooShort } from '../../../slas/plan/power-analysis.ts';
import { renderDecisionTimes } from '../../../slas/render/decision-times.ts';
import { renderPowerAnalysis } from '../../../slas/render/power-analysis.ts';
import { noteShippedDocument, planRun, type RunOptions } from '../../run/prepare.ts';
import { earlierEffects, NO_EARLIER_RUN } from '../../runs/earlier-effects.ts';
import { addPlanOptions, addScenario, addScript, type Register } from '../command.ts';
import { badOption, type PlacedProblem, runsFolder } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface PlanOptions extends RunOptions {
  readonly json?: boolean;
}

export const register: Register = (program, io, done) => {
  const command = program
    .command('plan')
    .description(
      'show before a run what it can decide: planned requests, required minimum, minimum detectable effect',
    );
  addScript(addScenario(addPlanOptions(command)))
    .option('--json', 'print the plan as JSON on standard output')
    .action(async (options: PlanOptions) => done(await plan(options, io)));
};

/**
 * Reports what a run can decide, without running it. Rejects a plan that is too short for its document, as ./sla gate does.
 */
export async function plan(options: PlanOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const planned = await planRun(options, io);
  if (!planned.ok) return planned.error;
  const { plan: made, file } = planned.value;
  if (options.maxDuration !== undefined && made.sequential === undefined)
    return badOption(
      '--max-duration',
      'it applies only with --until-decided, or with until: decided in the scenario: leave it out',
    ).error;
  noteShippedDocument(options, io);
  const load = made.load!;
  const earlier =
    made.sequential === undefined ? NO_EARLIER_RUN : await earlierEffects(runsFolder(io, undefined), made);
  const { run: basis } = earlier;
  const times = decisionTimes(made, load, earlier.effects);
  const numbers = numberTimes(made, load, earlier.numbers);
  const problems = tooShort(made, load).map((problem) => ({ ...problem, file }));
  const warnings = cannotPass(made, load);
  if (options.json === true) {
    const output = {
      schema: 'sla-harness/foresight/v1',
      sla: made.sla,
      confidence: made.confidence,
      plannedRequests: load.plannedRequests,
      scheduledSeconds: load.scheduledSeconds,
      ...(made.sequential === undefined ? {} : { sequential: made.sequential }),
      objectives: analysePower(made, load),
      ...(made.sequential === undefined
        ? {}
        : { decisions: { basis, times, numbers, proposedMaxSeconds: proposedMaximum(times) } }),
      problems: problems.map(({ code, message }) => ({ code, message })),
      warnings: warnings.map(({ code, message }) => ({ code, message })),
    };
    io.print(`${JSON.stringify(output, null, 2)}\n`);
  } else {
    io.print(renderPowerAnalysis(made, load));
    io.print(renderDecisionTimes(times, numbers, load.scheduledSeconds, basis));
    for (const { message } of warnings) io.progress(`warning: ${message}`);
  }
  return problems.length === 0 ? 0 : problems;
}
