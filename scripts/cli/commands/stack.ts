import { toolIo } from '../../run/prepare.ts';
import type { AlertmanagerOptions } from '../../stack/alertmanager.ts';
import { holdStack, stackDown, stackStatus, stackUp, type UpStack } from '../../stack/background.ts';
import { type ContainerExtras, readContainerExtras } from '../../stack/container-options.ts';
import { checkUrl } from '../../stack/existing.ts';
import { startLocalStack } from '../../stack/local.ts';
import { openContainers } from '../../stack/open-containers.ts';
import type { Stack } from '../../stack/stack.ts';
import { findTool } from '../../tools/find-tool.ts';
import type { Register } from '../command.ts';
import { rulesText } from '../document-rules.ts';
import { HarnessError } from '../errors.ts';
import {
  accept,
  badOption,
  type Input,
  type PlacedProblem,
  type ReadDocument,
  readDocument,
  readPort,
  refuse,
} from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export interface StackOptions {
  readonly port?: string;
  readonly sla?: string;
  /** `local` by default, or `containers`. */
  readonly stack?: string;
  /**
   * `alerts`: Prometheus evaluates the document's rules, and an Alertmanager delivers alerts; containers always include
   * this. `tracing`: a Jaeger receives the service's traces. Containers support `tracing` and `logs`.
   */
  readonly with?: string;
  /** The path of the Alertmanager that was found, for the holder process. */
  readonly alertmanager?: string;
}

export const register: Register = (program, io, done) => {
  const group = program
    .command('stack')
    .description('start and stop the service and Prometheus in the background');
  const starting = (name: string, description: string, hidden = false) =>
    group
      .command(name, { hidden })
      .description(description)
      .option('--port <port>', 'port of the service (default: any free port)')
      .option('--sla <file>', 'the SLA document whose target labels Prometheus attaches')
      .option('--stack <kind>', 'local (processes, the default) or containers')
      .option(
        '--with <what>',
        'local: alerts (rules, and an Alertmanager that posts to ALERT_WEBHOOK_URL), tracing (a Jaeger); containers: tracing,logs',
      );
  starting('up', 'start them and print their addresses').action(async (options: StackOptions) =>
    done(await up(options, io)),
  );
  starting('hold', 'keep a stack running until it is told to stop', true)
    .option('--alertmanager <path>', 'path of the Alertmanager executable')
    .action(async (options: StackOptions) => done(await hold(options, io)));
  group
    .command('down')
    .description('stop them')
    .action(async () => done(await down(io)));
  group
    .command('status')
    .description('print whether they are running, and their addresses')
    .action(async () => done(await status(io)));
};

export async function up(options: StackOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const read = await readOptions(options, io);
  if (!read.ok) return read.error;
  const { kind, args, parts } = read.value;
  const running = await stackStatus(io);
  if (running !== null) {
    io.progress('a stack is already running');
    return printStack(running, io);
  }
  // The Alertmanager is installed here, where progress is visible. The holder process then finds it at once.
  if (kind === 'local') await findTool('prometheus', toolIo(io));
  else io.progress('starting containers; the first time, images are pulled or built');
  if (parts.has('tracing')) await findTool('jaeger', toolIo(io));
  const delivery = parts.has('alerts') ? await findAlertmanager(io) : [];
  const stack = await stackUp([...args, ...delivery], io);
  if (parts.has('alerts')) io.progress(`alerts: ${stack.prometheusUrl}/api/v1/alerts`);
  return printStack(stack, io);
}

/** Without an Alertmanager, alerts can still be viewed. It is required only if a receiver is configured. */
async function findAlertmanager(io: Io): Promise<readonly string[]> {
  try {
    return ['--alertmanager', (await findTool('alertmanager', toolIo(io))).path];
  } catch (error) {
    const isMissing = error instanceof HarnessError && error.code === 'tool-unavailable';
    if (!isMissing || webhookOf(io) !== null) throw error;
    io.progress(
      'no Alertmanager was found: alerts are evaluated, but no notifications are sent (see ./sla doctor)',
    );
    return [];
  }
}

/** The URL that receives notifications. It may contain a token, so it is not a command-line option. */
const webhookOf = ({ env }: Io) => env.ALERT_WEBHOOK_URL || null;

interface Asked {
  readonly kind: 'local' | 'containers';
  readonly port: number;
  /** The parts of a local stack in addition to the service and Prometheus. */
  readonly parts: ReadonlySet<LocalPart>;
  readonly alertmanager: AlertmanagerOptions | null;
  readonly containers: ContainerExtras;
  readonly read: ReadDocument;
  /** The command-line arguments that pass all of these settings to the holder process. */
  readonly args: readonly string[];
}

async function readOptions(options: StackOptions, io: Io): Promise<Input<Asked>> {
  const { stack: kind = 'local', with: extras } = options;
  if (kind !== 'local' && kind !== 'containers')
    return badOption('--stack', `"${kind}" is not a valid stack: use local or containers`);
  const port = readPort(options.port ?? '0');
  if (!port.ok) return port;
  if (kind === 'containers' && port.value !== 0)
    return badOption('--port', 'containers use free ports: leave it out');
  const containers = readContainerExtras({ with: kind === 'containers' ? extras : undefined });
  if (!containers.ok) return containers;
  const parts = readParts(kind === 'local' ? extras : undefined);
  if (!parts.ok) return parts;
  const webhookUrl = webhookOf(io);
  const problems = webhookUrl === null ? [] : checkUrl('ALERT_WEBHOOK_URL', webhookUrl);
  if (parts.value.has('alerts') && problems.length > 0) return refuse(...problems);
  const read = await readDocument(io, options.sla);
  if (!read.ok) return read;
  const handedOn = extras === undefined ? [] : ['--with', extras];
  const args = ['--stack', kind, '--port', String(port.value), '--sla', read.value.file, ...handedOn];
  const alertmanager = options.alertmanager === undefined ? null : { path: options.alertmanager, webhookUrl };
  return accept({
    kind,
    port: port.value,
    parts: parts.value,
    alertmanager,
    containers: containers.value,
    read: read.value,
    args,
  });
}

const LOCAL_PARTS = ['alerts', 'tracing'] as const;
type LocalPart = (typeof LOCAL_PARTS)[number];
const isLocalPart = (text: string): text is LocalPart => LOCAL_PARTS.some((part) => part === text);

/** Parses `alerts,tracing`. */
function readParts(extras: string | undefined): Input<ReadonlySet<LocalPart>> {
  const named = extras?.split(',').map((part) => part.trim()) ?? [];
  const unknown = named.find((part) => !isLocalPart(part));
  if (unknown !== undefined)
    return badOption('--with', `"${unknown}" is not a part of a local stack: use alerts or tracing`);
  return accept(new Set(named.filter(isLocalPart)));
}

/** Owns a stack in the background. `up` starts this command. */
export async function hold(options: StackOptions, io: Io): Promise<ExitCode | readonly PlacedProblem[]> {
  const asked = await readOptions(options, io);
  if (!asked.ok) return asked.error;
  const { kind, containers, read } = asked.value;
  const open = (folder: string) =>
    kind === 'local' ? openLocal(asked.value, folder, io) : openContainers(read, containers, folder, io);
  await holdStack(open, io);
  return 0;
}

async function openLocal({ read, port, parts, alertmanager }: Asked, folder: string, io: Io): Promise<Stack> {
  const { document, file } = read;
  const prometheus = await findTool('prometheus', toolIo(io));
  const jaeger = parts.has('tracing') ? await findTool('jaeger', toolIo(io)) : null;
  return startLocalStack({
    root: io.root,
    env: io.env,
    prometheusPath: prometheus.path,
    selector: document.service.selector,
    folder,
    signal: io.signal,
    servicePort: port,
    ...(jaeger === null ? {} : { jaegerPath: jaeger.path }),
    ...(parts.has('alerts') ? { rules: rulesText(document, file, io.root) } : {}),
    ...(alertmanager === null ? {} : { alertmanager }),
  });
}

export async function down(io: Io): Promise<ExitCode> {
  io.print((await stackDown(io)) ? 'the stack is down\n' : 'no stack was running\n');
  return 0;
}

/** Exits with 0 if a stack is up and complete, otherwise with 4. */
export async function status(io: Io): Promise<ExitCode> {
  const stack = await stackStatus(io);
  if (stack === null) {
    io.print('no stack is running: start one with ./sla stack up\n');
    return 4;
  }
  return printStack(stack, io);
}

function printStack(
  { serviceUrl, prometheusUrl, others, leftOut, logs, incidents }: UpStack,
  io: Io,
): ExitCode {
  const lines = { service: serviceUrl, Prometheus: prometheusUrl, ...others, logs };
  for (const [name, place] of Object.entries(lines)) io.print(`${name.padEnd(12)}  ${place}\n`);
  for (const one of leftOut) io.print(`${'left out'.padEnd(12)}  ${one}\n`);
  for (const incident of incidents) io.print(`${'broken'.padEnd(12)}  ${incident}\n`);
  return incidents.length === 0 ? 0 : 4;
}
