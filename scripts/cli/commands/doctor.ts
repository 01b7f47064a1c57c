import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DEFAULT_NAMESPACE, examineCluster, type KubernetesOptions } from '../../doctor/doctor.ts';
import { TOOLS_OF_PACKAGE } from '../../package/tools.ts';
import { toolIo } from '../../run/prepare.ts';
import { inspectTools } from '../../tools/find-tool.ts';
import type { ToolReport } from '../../tools/inspect.ts';
import type { Outcome, Register } from '../command.ts';
import { badOption } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) =>
  void program
    .command('doctor')
    .description(
      'list the tools that were found, with paths and versions, or examine the stack in a Kubernetes cluster',
    )
    .option('--kubernetes', 'examine the stack in a cluster with kubectl (read-only)')
    .option('--context <name>', 'with --kubernetes: the context of kubectl (default: its current one)')
    .option(
      '--namespace <name>',
      `with --kubernetes: the namespace of the stack (default: ${DEFAULT_NAMESPACE})`,
    )
    .action(async (options: DoctorOptions) => done(await doctorOrCluster(options, io)));

interface DoctorOptions extends KubernetesOptions {
  readonly kubernetes?: boolean;
}

async function doctorOrCluster(options: DoctorOptions, io: Io): Promise<Outcome> {
  if (options.kubernetes === true) return examineCluster(options, io);
  for (const name of ['context', 'namespace'] as const)
    if (options[name] !== undefined)
      return badOption(`--${name}`, 'applies to a cluster only: add --kubernetes, or leave it out').error;
  return doctor(io);
}

/**
 * Reports the tools that were found, with paths and versions; those that would be installed; and those that are missing,
 * with ways to provide them.
 */
export async function doctor(io: Io): Promise<ExitCode> {
  io.print(row('node', process.version.slice(1), process.execPath));
  io.print(row('npm', ...(await versionOf('npm', ['--version']))));
  io.print(row('go', ...(await versionOf('go', ['env', 'GOVERSION']))));
  io.print(row('docker', ...(await versionOf('docker', ['version', '--format', '{{.Server.Version}}']))));
  const reports = await inspectTools(toolIo(io), io.isInstalled ? TOOLS_OF_PACKAGE : undefined);
  for (const report of reports) io.print(formatTool(report));
  return reports.some((report) => report.state === 'missing' && report.onlyFor === undefined) ? 4 : 0;
}

const row = (name: string, version: string, where: string) =>
  `${name.padEnd(23)}${version.padEnd(16)}${where}\n`;

function formatTool(report: ToolReport): string {
  const { name, range, onlyFor } = report;
  const whatFor = onlyFor === undefined ? '' : `only for ./sla ${onlyFor}: `;
  switch (report.state) {
    case 'found':
      return row(
        name,
        report.tool.version,
        `${report.tool.path} (from ${report.tool.source}; any of ${range} works)`,
      );
    case 'installable':
      return row(name, '–', whatFor + report.plan);
    case 'missing':
      return `${row(name, 'missing', whatFor + report.message)}${report.nextStep.replace(/^/gm, '  ')}\n`;
    default:
      return report satisfies never;
  }
}

/**
 * The version of a tool that the harness never installs. It uses go to build tools that cannot be downloaded, and docker to
 * run the stack in containers.
 */
async function versionOf(command: string, args: readonly string[]): Promise<[string, string]> {
  try {
    const { stdout } = await promisify(execFile)(command, [...args], { timeout: 10_000 });
    return [stdout.trim().replace(/^go/, ''), 'on PATH'];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return ['–', code === 'ENOENT' ? 'not on PATH' : 'on PATH, but does not respond'];
  }
}
