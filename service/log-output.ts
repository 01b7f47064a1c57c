const longestHeldMs = 20;
const maxHeldChars = 16 * 1024;

/**
 * Standard output for log lines, written a few dozen times per second instead of once per request. A system call per
 * line would be a considerable part of what a request costs outside the model. No line is lost when the process exits
 * by itself; if it is killed, it may lose the lines of the last 20 ms.
 */
export class LogOutput {
  #held = '';
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    process.once('exit', () => this.flush());
  }

  write(line: string): void {
    this.#held += line;
    if (this.#held.length >= maxHeldChars) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), longestHeldMs).unref();
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#held !== '') process.stdout.write(this.#held);
    this.#held = '';
  }
}
