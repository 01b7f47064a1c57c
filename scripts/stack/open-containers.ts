import { rulesText } from '../cli/document-rules.ts';
import type { ReadDocument } from '../cli/inputs.ts';
import type { Io } from '../cli/io.ts';
import type { ContainerExtras } from './container-options.ts';
import { serviceSettings } from './service-settings.ts';
import type { Stack } from './stack.ts';

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
