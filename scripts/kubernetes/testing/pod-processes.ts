import { readdir, readFile } from 'node:fs/promises';
import { kubectl } from './on-cluster.ts';

/** The cluster's only node is this machine, so a test can freeze a single process in a pod. */

const read = (path: string) => readFile(path, 'utf8').catch(() => '');

/** The local process ids of the programs in a pod whose command line contains this text. */
export async function processesIn(namespace: string, pod: string, text: string): Promise<readonly number[]> {
  const uid = await kubectl(['get', 'pod', pod, '--namespace', namespace, '-o', 'jsonpath={.metadata.uid}']);
  const marks = [uid, uid.replaceAll('-', '_')];
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [groups, command] = await Promise.all([read(`/proc/${pid}/cgroup`), read(`/proc/${pid}/cmdline`)]);
    if (marks.some((mark) => groups.includes(mark)) && command.replaceAll('\0', ' ').includes(text))
      found.push(Number(pid));
  }
  return found;
}
