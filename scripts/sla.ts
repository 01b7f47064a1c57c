import { dirname } from 'node:path';
import { main } from './cli.ts';
import { withoutProxyHere } from './loopback.ts';
import { createRedactor } from './redact.ts';
import { createTerminal } from './terminal.ts';
import { withTokens } from './tokens.ts';

/** The entry: the world as it is, one command, one exit. */

// Before anything is asked; processes that are started inherit it.
Object.assign(process.env, withoutProxyHere(process.env, process.argv.slice(2)));

const controller = new AbortController();
let interrupts = 0;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  process.on(name, () => {
    interrupts++;
    controller.abort(new Error(`interrupted by ${name}`));
    // Who asks twice does not want to wait; what was started is killed on the way out.
    if (interrupts > 1) process.exit(130);
  });
}
// Node ends with 1 on an error that nobody caught, which here means "an SLA missed": it must not.
for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(name, (error: unknown) => {
    const told = `this is a defect of the harness, please report it: ${error instanceof Error ? error.stack : error}`;
    process.stderr.write(
      `${createRedactor(withTokens(process.env, process.cwd()), process.argv).text(told)}\n`,
    );
    process.exit(4);
  });
}
// A reader that goes away (a pager, head), or a full disk, must not keep the children alive, nor leave a verdict untold.
let isUntold = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', () => {
    isUntold = true;
    controller.abort(new Error('nobody reads the output'));
  });
}

const terminal =
  process.stderr.isTTY === true && process.env.TERM !== 'dumb' ? createTerminal(process.stderr) : null;

const code = await main(process.argv.slice(2), {
  root: dirname(import.meta.dirname),
  cwd: process.cwd(),
  env: process.env,
  print: (text) => process.stdout.write(text),
  progress: terminal?.progress ?? ((line) => process.stderr.write(`${line}\n`)),
  ...(terminal === null ? {} : { live: terminal.live }),
  signal: controller.signal,
  colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
});
// What was written to a pipe may not have been read yet.
await new Promise((resolve) => process.stdout.write('', resolve));
process.exit(isUntold && code === 0 ? 4 : code);
