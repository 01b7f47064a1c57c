/** Waits until a process has ended, or until the signal aborts. */
export async function untilEnded<T>(exited: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([exited, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
