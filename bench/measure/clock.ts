/**
 * Microseconds on CLOCK_MONOTONIC, the one clock that backend and load generator share, so that a
 * time stamp written by one process can be subtracted in the other. (`performance.now()` has its
 * own origin in every process, and that origin cannot be read exactly.)
 */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint()) / 1000;
}
