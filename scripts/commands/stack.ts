import { renderRules } from '../../slas/render/rules.ts';
import { rulesOf } from '../../slas/rules.ts';
import { accept, badOption, type Input, type PlacedProblem, readDocument, readPort } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { toolIo } from '../prepare.ts';
import { holdStack, stackDown, stackStatus, stackUp, type UpStack } from '../stack/background.ts';
import { findTool } from '../tools/find-tool.ts';
import { sourceName } from './rules.ts';

export interface StackOptions {
  readonly port?: string;
  readonly sla?: string;
  /** `alerts`: Prometheus evaluates the document's rules. */
  readonly with?: string;
}

export async function up(options: StackOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const port = readPort(options.port ?? '0');
  if (!port.ok) return port.problems;
  const read = await readDocument(io, options.sla);
  if (!read.ok) return read.problems;
  const extras = readExtras(options);
  if (!extras.ok) return extras.problems;
  // Installed here, where progress can be seen; the holder then finds it at once.
  await findTool('prometheus', toolIo(io));
  const running = await stackStatus(io);
  if (running !== null) io.progress('a stack is up already');
  const args = ['--port', String(port.value), '--sla', read.value.file, ...extras.value];
  const stack = running ?? (await stackUp(args, io));
  if (running === null && extras.value.length > 0)
    io.progress(`alerts: ${stack.prometheusUrl}/api/v1/alerts`);
  return tell(stack, io);
}

/** The arguments that hand them on to the holder. */
function readExtras({ with: extras }: StackOptions): Input<readonly string[]> {
  if (extras === undefined) return accept([]);
  if (extras === 'alerts') return accept(['--with', extras]);
  return badOption('--with', `"${extras}" is nothing that a stack can have: alerts is`);
}

export async function hold(options: StackOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const port = readPort(options.port ?? '0');
  if (!port.ok) return port.problems;
  const read = await readDocument(io, options.sla);
  if (!read.ok) return read.problems;
  const prometheus = await findTool('prometheus', toolIo(io));
  const { document, file } = read.value;
  const rules = renderRules(rulesOf(document), sourceName(io.root, file));
  await holdStack(
    {
      prometheusPath: prometheus.path,
      selector: document.service.selector,
      servicePort: port.value,
      ...(options.with === 'alerts' ? { rules } : {}),
    },
    io,
  );
  return 0;
}

export async function down(io: Io): Promise<ExitCode> {
  io.print((await stackDown(io)) ? 'the stack is down\n' : 'no stack was up\n');
  return 0;
}

/** 0 when a stack is up and whole, 4 otherwise. */
export async function status(io: Io): Promise<ExitCode> {
  const stack = await stackStatus(io);
  if (stack === null) {
    io.print('no stack is up: start one with ./sla stack up\n');
    return 4;
  }
  return tell(stack, io);
}

function tell({ serviceUrl, prometheusUrl, logs, incidents }: UpStack, io: Io): ExitCode {
  io.print(`service     ${serviceUrl}\nPrometheus  ${prometheusUrl}\nlogs        ${logs}\n`);
  for (const incident of incidents) io.print(`broken      ${incident}\n`);
  return incidents.length === 0 ? 0 : 4;
}
