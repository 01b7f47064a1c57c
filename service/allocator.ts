/**
 * Environment variables for the C library's allocator (glibc), which reads them when the process starts; the
 * Dockerfile sets the same variables. By default glibc gives each thread its own arena, and a replaced worker leaves
 * its arena fragmented, so resident memory grows with each replacement (docs/decisions/0012). These settings give all
 * threads one arena and return large blocks to the system at once. Other allocators ignore them.
 */
export const allocatorSettings = { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '4194304' } as const;
