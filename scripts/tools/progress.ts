import type { ToolIo, ToolLimits } from './types.ts';

/** Prints `text(seconds since start)` at once, and then every `progressEveryMs` until it is disposed of. */
export function reportProgress(
  io: ToolIo,
  limits: ToolLimits,
  text: (elapsedSeconds: number) => string,
): Disposable {
  const startMs = performance.now();
  const report = () => io.progress(text(Math.round((performance.now() - startMs) / 1000)));
  report();
  const timer = setInterval(report, limits.progressEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
