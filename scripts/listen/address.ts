import { isIP } from 'node:net';
import { ok } from '../../slas/model/result.ts';
import { badOption, type Input } from '../cli/inputs.ts';

/** The address for `./sla verify --listen`: `:8080` (all interfaces), `127.0.0.1:8080` or `[::1]:8080`. */
export interface ListenAddress {
  /** null: all interfaces. */
  readonly host: string | null;
  /** 0: any free port. */
  readonly port: number;
  /** Whether only programs on this machine can connect. */
  readonly isLoopback: boolean;
}

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

export function readListenAddress(text: string): Input<ListenAddress> {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  const isHost = host === '' || host === 'localhost' || isIP(host) !== 0;
  if (digits === undefined || port > 65_535 || !isHost)
    return badOption(
      '--listen',
      `"${text}" is not a valid address to listen on: write :8080 for every interface, or 127.0.0.1:8080 for this machine only`,
    );
  return ok({ host: host === '' ? null : host, port, isLoopback: LOOPBACK.test(host) });
}
