import { rulesText } from '../cli/document-rules.ts';
import { accept, badOption, type Input, type ReadDocument } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import { serviceSettings } from './service-settings.ts';
import type { Stack } from './stack.ts';
import { readToxic, type Toxic } from './toxiproxy.ts';

export interface ContainerExtras {
  readonly tracing: boolean;
  readonly logs: boolean;
  readonly toxic: Toxic | null;
  readonly faults?: string | undefined;
}

/** Parses `--with tracing,logs` and `--toxic latency=300ms`. */
export function readContainerExtras({
  toxic,
  with: extras,
}: {
  toxic?: string | undefined;
  with?: string | undefined;
}): Input<ContainerExtras> {
  const parts = extras?.split(',').map((part) => part.trim()) ?? [];
  const unknown = parts.find((part) => part !== 'tracing' && part !== 'logs');
  if (unknown !== undefined) {
    return badOption('--with', `"${unknown}" is not an option of a stack in containers: use tracing or logs`);
  }
  const read = toxic === undefined ? accept(null) : readToxic(toxic);
  if (!read.ok) return read;
  return accept({ tracing: parts.includes('tracing'), logs: parts.includes('logs'), toxic: read.value });
}

/** Starts a stack in containers for a document; logs go to a folder. */
export async function openContainers(
  { document, file }: ReadDocument,
  { tracing, logs, toxic, faults }: ContainerExtras,
  folder: string,
  { root, env, progress, signal }: Io,
): Promise<Stack> {
  // Imported only here, so that other commands need not load the container library.
  const { startContainerStack } = await import('./containers.ts');
  return startContainerStack({
    root,
    toolIo: { env, progress, signal },
    folder,
    wanted: {
      selector: document.service.selector,
      rules: rulesText(document, file, root),
      serviceEnvironment: serviceSettings(env, faults),
      webhookUrl: env.ALERT_WEBHOOK_URL || null,
      tracing,
      withSnapshots: false,
      ...(logs ? { logs: folder } : {}),
    },
    ...(toxic === null ? {} : { toxic }),
  });
}
