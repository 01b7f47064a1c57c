import { readFileSync } from 'node:fs';

/** Processor seconds that a process has used: all of it, and its main thread alone. */
export interface CpuSeconds {
  readonly all: number;
  readonly mainThread: number;
}

/** Linux counts in hundredths of a second for everybody, whatever its kernel ticks in. */
const ticksASecond = 100;

/** Undefined where there is no /proc. */
export function readCpuSeconds(pid: number): CpuSeconds | undefined {
  try {
    return { all: read(`/proc/${pid}/stat`), mainThread: read(`/proc/${pid}/task/${pid}/stat`) };
  } catch {
    return undefined;
  }
}

function read(path: string): number {
  // The name, in brackets, may hold spaces; what is counted from comes after it.
  const fields = readFileSync(path, 'utf8').split(') ').at(-1)!.split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) / ticksASecond;
}
