import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Ends the children of a harness that was killed (kill -9, out of memory) and could not do so itself. A small shell reads the
 * process groups, and the labels of containers, from a pipe. When the pipe closes, the harness is gone, and the shell ends
 * everything still listed.
 */
const PROGRAM = `
groups=
stacks=
while read -r sign name; do
  case $sign in
    +) groups="$groups $name " ;;
    -) groups=$(printf '%s' "$groups" | sed "s/ $name / /") ;;
    +stack) stacks="$stacks $name " ;;
    -stack) stacks=$(printf '%s' "$stacks" | sed "s/ $name / /") ;;
  esac
done
for stack in $stacks; do
  docker ps -aq --filter label="$stack" | xargs -r docker rm -fv
  docker network ls -q --filter label="$stack" | xargs -r docker network rm
done >/dev/null 2>&1
for group in $groups; do kill -TERM -"$group" 2>/dev/null; done
[ -z "$(printf '%s' "$groups" | tr -d ' ')" ] && exit 0
sleep 5
for group in $groups; do kill -KILL -"$group" 2>/dev/null; done
`;

let shell: ChildProcess | null = null;

/** Runs in its own session, so that Ctrl-C does not end it before us. Starts with the first child. */
function running(): ChildProcess {
  if (shell === null) {
    shell = spawn('/bin/sh', ['-c', PROGRAM], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    shell.on('error', () => {});
    shell.stdin!.on('error', () => {});
    shell.unref();
    (shell.stdin as unknown as { unref(): void }).unref();
  }
  return shell;
}

export const watch = (group: number) => void running().stdin!.write(`+ ${group}\n`);
export const unwatch = (group: number) => void running().stdin!.write(`- ${group}\n`);

/**
 * Registers containers and networks by a label. Returns a function that removes the label from the list. Does nothing without
 * the Docker command line.
 */
export function watchStack(label: string): () => void {
  running().stdin!.write(`+stack ${label}\n`);
  return () => void running().stdin!.write(`-stack ${label}\n`);
}
