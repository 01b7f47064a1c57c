/**
 * Who has a parcel: the main thread offers it, the worker takes it right before it infers, and until then the main thread can
 * withdraw it. Both ask the same shared memory, so that exactly one of them gets it: work whose request is over is never
 * inferred, although it lies with the worker already, and of a worker that died it is known what it had begun.
 */

/** Of one worker: in its hand, lying ready, and inferred but not told yet. */
export const mostParcels = 6;

/** An id is never 0, which says that a parcel is taken; its slot is what is left of it divided by their number. */
const highestId = 2 ** 30;

/** An id that has another slot than the parcels that are still out; those are fewer than there are slots. */
export function nextId(last: number, out: readonly number[]): number {
  const id = (last % highestId) + 1;
  return out.some((each) => slotOf(id) === slotOf(each)) ? nextId(id, out) : id;
}

/** Behind the slots it is noted what the thread is at. */
const phaseAt = mostParcels;
const phases = { script: 0, native: 1, givenUp: 2 } as const;

export const newClaims = (): Int32Array =>
  new Int32Array(new SharedArrayBuffer((mostParcels + 1) * Int32Array.BYTES_PER_ELEMENT));

const slotOf = (id: number): number => id % mostParcels;

export function offer(claims: Int32Array, id: number): void {
  Atomics.store(claims, slotOf(id), id);
}

/** By the worker, to infer it, or by the main thread, to have it back: true for whoever comes first. */
export function claim(claims: Int32Array, id: number): boolean {
  return Atomics.compareExchange(claims, slotOf(id), id, 0) === id;
}

/** By the worker: the parcel is inferred, and will be told together with others. */
export function finish(claims: Int32Array, id: number): void {
  Atomics.store(claims, slotOf(id), -id);
}

/** A worker that dies with such a parcel did not die of it. */
export function isFinished(claims: Int32Array, id: number): boolean {
  return Atomics.load(claims, slotOf(id)) === -id;
}

/**
 * ONNX Runtime's binding ends the whole process when its thread is terminated while it computes or loads. So the worker notes
 * when it goes into it and comes out, and learns by that whether it was given up meanwhile: false says that it is to end itself.
 */
export function enterNative(claims: Int32Array): boolean {
  return Atomics.compareExchange(claims, phaseAt, phases.script, phases.native) === phases.script;
}

export function leaveNative(claims: Int32Array): boolean {
  return Atomics.compareExchange(claims, phaseAt, phases.native, phases.script) === phases.native;
}

/** By the main thread: the worker goes into no native code any more. True when it may be terminated, false when it ends itself. */
export function giveUp(claims: Int32Array): boolean {
  return Atomics.exchange(claims, phaseAt, phases.givenUp) !== phases.native;
}
