import { accept, badOption, type Input } from '../cli/inputs.ts';
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
    return badOption('--with', `"${unknown}" is not an option for --stack containers: use tracing or logs`);
  }
  const read = toxic === undefined ? accept(null) : readToxic(toxic);
  if (!read.ok) return read;
  return accept({ tracing: parts.includes('tracing'), logs: parts.includes('logs'), toxic: read.value });
}
