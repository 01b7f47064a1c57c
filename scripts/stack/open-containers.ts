import { rulesText } from '../cli/document-rules.ts';
import type { ReadDocument } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import type { ContainerExtras } from './container-options.ts';
import { serviceSettings } from './service-settings.ts';
import type { Stack } from './stack.ts';

/** Starts a document's stack in containers. The logs are written to the given folder. */
export async function openContainers(
  { document, file }: ReadDocument,
  { tracing, logs, toxic, faults }: ContainerExtras,
  folder: string,
  { root, env, progress, signal }: Io,
): Promise<Stack> {
  // Imported on demand, so that other commands do not load the container library.
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
