import { type RuleOptions, rawRulesOf, rulesOf } from '../../../slas/alerts/rules/rules.ts';
import { parseDuration } from '../../../slas/document/limits.ts';
import { renderRules } from '../../../slas/render/rules.ts';
import { writeWhole } from '../../run/disk.ts';
import { named, type Register, SLA_FILE } from '../command.ts';
import { RUNBOOKS, sourceName, withRunbooks } from '../document-rules.ts';
import {
  accept,
  badOption,
  type Input,
  type PlacedProblem,
  readDocument,
  shortPath,
  userPath,
} from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface RulesOptions {
  readonly sla?: string;
  readonly window?: string;
  readonly for?: string;
  readonly raw?: boolean;
  readonly runbooks?: string;
  readonly out?: string;
}

export const register: Register = (program, io, done) =>
  void program
    .command('rules')
    .description("print Prometheus's recording and alerting rules for an SLA document")
    .option('--sla <file>', SLA_FILE)
    .option('--window <duration>', 'lookback of the alerts; burn-rate windows scale with it (default: 5m)')
    .option('--for <duration>', 'how long a condition must hold (default: 1m for critical alerts, else 5m)')
    .option('--raw', "print only the document's raw expressions")
    .option('--runbooks <address>', RUNBOOKS)
    .option('--out <file>', 'write the rules to this file instead of standard output')
    .action(async (options: RulesOptions) => done(await rules(options, io)));

/** Prints or writes the rules that are generated from a document. */
export async function rules(options: RulesOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const read = await readDocument(io, options.sla);
  if (!read.ok) return read.error;
  const settings = readSettings(options);
  if (!settings.ok) return settings.error;
  const linked = withRunbooks(read.value.document, options.runbooks);
  if (!linked.ok) return linked.error;
  const { value: document } = linked;
  const { file } = read.value;
  const groups =
    options.raw === true ? rawRulesOf(document, settings.value) : rulesOf(document, settings.value);
  if (groups.length === 0)
    return badOption('--raw', `the document has no alerting.raw: leave out --raw to get the other rules`)
      .error;
  const text = named(renderRules(groups, sourceName(io.project, file)), io);
  if (options.out === undefined) io.print(text);
  else await writeRules(userPath(io, options.out), text, io);
  return 0;
}

async function writeRules(file: string, text: string, io: Io): Promise<void> {
  await writeWhole(file, text);
  io.progress(`written: ${shortPath(io, file)}`);
}

function readSettings(options: RulesOptions): Input<RuleOptions> {
  const windowSeconds = options.window === undefined ? undefined : parseDuration(options.window);
  const forSeconds = options.for === undefined ? undefined : parseDuration(options.for);
  if (windowSeconds === null || windowSeconds === 0)
    return badOption('--window', `"${options.window}" is not a valid duration: write it as 5m or 30s`);
  if (forSeconds === null)
    return badOption('--for', `"${options.for}" is not a valid duration: write it as 1m, 5s or 0s`);
  return accept({
    ...(windowSeconds === undefined ? {} : { windowSeconds }),
    ...(forSeconds === undefined ? {} : { forSeconds }),
  });
}
