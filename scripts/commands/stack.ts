import { type PlacedProblem, readDocument, readPort } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';
import { toolIo } from '../prepare.ts';
import { holdStack, stackDown, stackStatus, stackUp, type UpStack } from '../stack/background.ts';
import { findTool } from '../tools/find-tool.ts';

export interface StackOptions {
  readonly port?: string;
  readonly sla?: string;
}

export async function up(options: StackOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const port = readPort(options.port ?? '0');
  if (!port.ok) return port.problems;
  const read = await readDocument(io, options.sla);
  if (!read.ok) return read.problems;
  // Installed here, where progress can be seen; the holder then finds it at once.
  await findTool('prometheus', toolIo(io));
  const running = await stackStatus(io);
  if (running !== null) io.progress('a stack is up already');
  return tell(running ?? (await stackUp(['--port', String(port.value), '--sla', read.value.file], io)), io);
}

export async function hold(options: StackOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const port = readPort(options.port ?? '0');
  if (!port.ok) return port.problems;
  const read = await readDocument(io, options.sla);
  if (!read.ok) return read.problems;
  const prometheus = await findTool('prometheus', toolIo(io));
  await holdStack(prometheus.path, read.value.document.service.selector, port.value, io);
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
