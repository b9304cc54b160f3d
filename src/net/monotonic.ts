/**
 * The production Clock: CLOCK_MONOTONIC in milliseconds, the same scale in every thread.
 * `performance.now()` alone starts at zero in each worker, so its distance to the process-wide
 * clock is measured once per thread.
 */
import type { Clock } from '../core/clock.ts';

const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const monotonicClock: Clock = {
  nowMs: () => performance.now() + offsetMs,
};
