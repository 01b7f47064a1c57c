/**
 * Who has a parcel: the main thread offers it, the worker takes it right before it infers, and until then the main thread can
 * withdraw it. Both ask the same shared memory, so that exactly one of them gets it: work whose request is over is never
 * inferred, although it lies with the worker already, and of a worker that died it is known what it had begun.
 */

/** A worker has one parcel in hand and one lying ready, so that it never waits for the main thread. */
export const parcelsAWorker = 2;

/** An id is never 0, which says that a slot is free, and has its slot by being odd or even. */
const highestId = 2 ** 30;

/** An id that has another slot than the parcel that is still out. */
export function nextId(last: number, out: number | undefined): number {
  const id = (last % highestId) + 1;
  return out !== undefined && slotOf(id) === slotOf(out) ? nextId(id, out) : id;
}

export const newClaims = (): Int32Array =>
  new Int32Array(new SharedArrayBuffer(parcelsAWorker * Int32Array.BYTES_PER_ELEMENT));

const slotOf = (id: number): number => id % parcelsAWorker;

export function offer(claims: Int32Array, id: number): void {
  Atomics.store(claims, slotOf(id), id);
}

/** By the worker, to infer it, or by the main thread, to have it back: true for whoever comes first. */
export function claim(claims: Int32Array, id: number): boolean {
  return Atomics.compareExchange(claims, slotOf(id), id, 0) === id;
}
