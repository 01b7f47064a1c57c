import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { allocatorSettings } from '../../../service/allocator.ts';
import { onAbort } from '../../process/processes.ts';
import type { Register } from '../command.ts';
import { type PlacedProblem, readPort } from '../inputs.ts';
import type { ExitCode, Io } from '../io.ts';

export const register: Register = (program, io, done) =>
  void program
    .command('serve')
    .description('run only the service, in the foreground, as in production')
    .option('--port <port>', 'port to listen on (default: the environment variable PORT, else 8000)')
    .action(async (options: { port?: string }) => done(await serve(options, io)));

/**
 * Runs only the service, in the foreground, as in production. Exits when the service exits. On Ctrl-C and SIGTERM, the
 * service finishes its requests first.
 */
export async function serve(
  { port }: { readonly port?: string },
  io: Io,
): Promise<ExitCode | readonly PlacedProblem[]> {
  const read = port === undefined ? undefined : readPort(port);
  if (read?.ok === false) return read.error;
  const child = spawn(process.execPath, [join(io.root, 'service', 'server.ts')], {
    cwd: io.root,
    env: {
      NODE_ENV: 'production',
      ...allocatorSettings,
      ...io.env,
      ...(read && { PORT: String(read.value) }),
    },
    stdio: 'inherit',
    // The service is in its own process group, so that Ctrl-C reaches it only once, through this process.
    detached: true,
  });
  onAbort(io.signal, () => child.kill('SIGTERM'));
  // A second signal ends both processes at once, because the service must not outlive this process.
  process.once('exit', () => child.kill('SIGKILL'));
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code === 0) return 0;
  return code === 2 ? 2 : 4;
}
