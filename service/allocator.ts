/**
 * What the environment of the service says to the allocator of the C library (glibc), which reads it as the process starts; the
 * Dockerfile says the same. Every thread gets an arena of its own otherwise, and a worker that is replaced leaves its arena in
 * pieces, so that resident memory grows with each (docs/decisions/0012). One arena, and large blocks given back to
 * the system at once. An allocator that does not know these names takes no notice.
 */
export const allocatorSettings = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '4194304' } as const;
