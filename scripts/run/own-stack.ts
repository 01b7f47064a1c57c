import type { Io } from '../cli/io.ts';
import type { RunFolder } from '../runs/bundle.ts';
import { readContainerExtras } from '../stack/container-options.ts';
import { startLocalStack } from '../stack/local.ts';
import { openContainers } from '../stack/open-containers.ts';
import type { Stack } from '../stack/stack.ts';
import type { Prepared, RunTools } from './prepare.ts';

/**
 * Starts the sentiment service and a Prometheus for a run, as processes or in containers. The caller must dispose of the
 * stack.
 *
 * @param replicas processes of the service, which only a stack of processes can have more than one of
 */
export function openOwnStack(
  { options, read }: Prepared,
  tools: RunTools,
  folder: RunFolder,
  io: Io,
  replicas = 1,
): Promise<Stack> {
  if (options.stack === 'containers') {
    const extras = readContainerExtras(options);
    // The options were checked earlier. If they are invalid now, fail instead of ignoring them.
    if (!extras.ok) throw new Error(extras.error.map(({ message }) => message).join('; '));
    return openContainers(read, { ...extras.value, faults: options.faults }, folder.logs, io);
  }
  io.progress(
    `starting ${replicas === 1 ? 'the service' : `${replicas} replicas of the service`} and Prometheus`,
  );
  return startLocalStack({
    root: io.root,
    env: io.env,
    prometheusPath: tools.prometheus!.path,
    selector: read.document.service.selector,
    folder: folder.logs,
    signal: io.signal,
    replicas,
    withSnapshots: options.snapshot === true,
    ...(options.faults === undefined ? {} : { faults: options.faults }),
  });
}
