/** Adds `AsyncDisposableStack`, which Node.js 22 lacks. The compiler itself replaces `using`. */

type Dispose = () => unknown;

class Stack {
  #steps: Dispose[] = [];

  get disposed(): boolean {
    return false;
  }

  use<T>(value: T): T {
    const own = value as { [Symbol.asyncDispose]?: Dispose; [Symbol.dispose]?: Dispose } | null | undefined;
    if (own === null || own === undefined) return value;
    const dispose = own[Symbol.asyncDispose] ?? own[Symbol.dispose];
    if (dispose === undefined) throw new TypeError('it cannot be disposed of');
    this.defer(() => dispose.call(own));
    return value;
  }

  defer(step: Dispose): void {
    this.#steps.push(step);
  }

  adopt<T>(value: T, dispose: (value: T) => unknown): T {
    this.defer(() => dispose(value));
    return value;
  }

  move(): Stack {
    const moved = new Stack();
    moved.#steps = this.#steps;
    this.#steps = [];
    return moved;
  }

  /** Runs every step, starting with the last one. Afterwards, throws the first error. */
  async disposeAsync(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}

const world = globalThis as { AsyncDisposableStack?: unknown };
world.AsyncDisposableStack ??= Stack;

export { Stack };
