/**
 * Records who owns a parcel. The main thread offers it, the worker claims it right before inference, and until then
 * the main thread can withdraw it. Both use compare-and-exchange on the same shared memory, so exactly one of them
 * gets the parcel. A text whose request has ended is therefore never inferred, even if the worker already has it.
 * After a worker dies, we also know what it had begun.
 */

/** The parcels of one worker: in progress, ready, and inferred but not yet sent. */
export const maxParcels = 6;

/** An id is never 0, which marks a claimed parcel; its slot is the id modulo the number of slots. */
const highestId = 2 ** 30;

/** Returns an id whose slot no outstanding parcel uses; there are fewer outstanding parcels than slots. */
export function nextId(last: number, out: readonly number[]): number {
  const id = (last % highestId) + 1;
  return out.some((each) => slotOf(id) === slotOf(each)) ? nextId(id, out) : id;
}

/** The state of the thread is stored after the slots. */
const phaseAt = maxParcels;
const phases = { script: 0, native: 1, givenUp: 2 } as const;

export const newClaims = (): Int32Array =>
  new Int32Array(new SharedArrayBuffer((maxParcels + 1) * Int32Array.BYTES_PER_ELEMENT));

const slotOf = (id: number): number => id % maxParcels;

export function offer(claims: Int32Array, id: number): void {
  Atomics.store(claims, slotOf(id), id);
}

/** Called by the worker to infer a parcel, or by the main thread to take it back: true for the first caller. */
export function claim(claims: Int32Array, id: number): boolean {
  return Atomics.compareExchange(claims, slotOf(id), id, 0) === id;
}

/** Called by the worker: the parcel is inferred, and its result will be sent together with others. */
export function finish(claims: Int32Array, id: number): void {
  Atomics.store(claims, slotOf(id), -id);
}

/** If a worker dies, its finished parcels were not the cause. */
export function isFinished(claims: Int32Array, id: number): boolean {
  return Atomics.load(claims, slotOf(id)) === -id;
}

/**
 * ONNX Runtime's binding aborts the whole process if its thread is terminated while it computes or loads. The worker
 * therefore records when it enters and leaves the runtime. False means that the main thread has given up the worker,
 * which must then exit by itself.
 */
export function enterNative(claims: Int32Array): boolean {
  return Atomics.compareExchange(claims, phaseAt, phases.script, phases.native) === phases.script;
}

export function leaveNative(claims: Int32Array): boolean {
  return Atomics.compareExchange(claims, phaseAt, phases.native, phases.script) === phases.native;
}

/**
 * Called by the main thread; afterwards the worker enters no native code. True if the main thread may terminate the
 * worker. False if the worker is in native code, and will exit by itself.
 */
export function giveUp(claims: Int32Array): boolean {
  return Atomics.exchange(claims, phaseAt, phases.givenUp) !== phases.native;
}
