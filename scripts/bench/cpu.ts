import { readFileSync } from 'node:fs';

/** CPU seconds used by a process: in total, and by its main thread. */
export interface CpuSeconds {
  readonly all: number;
  readonly mainThread: number;
}

/** Linux reports hundredths of a second to user space at any kernel tick rate. */
const ticksASecond = 100;

/** Undefined if there is no /proc. */
export function readCpuSeconds(pid: number): CpuSeconds | undefined {
  try {
    return { all: read(`/proc/${pid}/stat`), mainThread: read(`/proc/${pid}/task/${pid}/stat`) };
  } catch {
    return undefined;
  }
}

function read(path: string): number {
  // The name is in parentheses and may contain spaces, so the fields are counted from the closing parenthesis.
  const fields = readFileSync(path, 'utf8').split(') ').at(-1)!.split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) / ticksASecond;
}
