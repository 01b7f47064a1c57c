import { connect, type Socket } from 'node:net';

/** How one request ended: its status, or `lost` if the connection ended without a response. */
export type Outcome = number | 'lost';

/** A whole request as bytes, sent with one write. */
export function requestBytes(
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const all = {
    host: '127.0.0.1',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

/**
 * Sends prepared requests over kept-alive connections. A connection carries one request at a time, so there are as
 * many connections as requests in flight. It shares a machine with the server and must use little CPU, so it parses
 * only the status and length of a response.
 */
export class RawClient implements Disposable {
  readonly #port: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  send(request: Buffer, done: (outcome: Outcome, body: string) => void): void {
    const connection = this.#idle.pop() ?? this.#open();
    connection.send(request, (outcome, body) => {
      if (outcome !== 'lost' && connection.isOpen) this.#idle.push(connection);
      else this.#all.delete(connection);
      done(outcome, body);
    });
  }

  /** Sends the request, and disconnects without waiting for the response. */
  sendAndLeave(request: Buffer, afterMs: number): void {
    const socket = connect(this.#port, '127.0.0.1', () => {
      socket.write(request);
      setTimeout(() => socket.destroy(), afterMs);
    });
    socket.on('error', () => {});
  }

  [Symbol.dispose](): void {
    for (const connection of this.#all) connection.close();
  }

  #open(): Connection {
    const connection = new Connection(this.#port);
    this.#all.add(connection);
    return connection;
  }
}

class Connection {
  readonly #socket: Socket;
  #received = '';
  #done: ((outcome: Outcome, body: string) => void) | undefined;
  isOpen = true;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk: string) => this.#read(chunk));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isOpen = false;
      this.#end('lost', '');
    });
  }

  send(request: Buffer, done: (outcome: Outcome, body: string) => void): void {
    this.#done = done;
    this.#socket.write(request);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    this.#received += chunk;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd).toLowerCase();
    const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1]);
    if (this.#received.length < headEnd + 4 + length) return;
    const body = this.#received.slice(headEnd + 4);
    if (head.includes('\r\nconnection: close')) this.isOpen = false;
    this.#received = '';
    this.#end(Number(head.slice(9, 12)), body);
  }

  #end(outcome: Outcome, body: string): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(outcome, body);
  }
}
