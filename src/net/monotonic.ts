// HOT PATH — bench: bench/main.ts
/**
 * The production Clock: CLOCK_MONOTONIC in milliseconds, the same scale in every thread.
 * `performance.now()` alone starts at zero in each worker, so its distance to the process-wide
 * clock is measured once per thread.
 *
 * A reading costs some 50 ns and a request asks a dozen times. While a transport passes bytes on
 * (`holdTime` … `freeTime`), a reading is therefore kept until the transport writes, which takes
 * longer than all else together: what lies between two system calls has one time. Outside of that
 * nothing is kept.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../core/clock.ts';

const FREE = 0;
const HOLDING = 1;
/** Bound once: through the global object each reading would cost half as much again. */
const now = performance.now.bind(performance);
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - now();
/** A cell, as a variable would box each number. 0 = to be read. */
const held = new Float64Array(1);
let state = FREE;

export const monotonicClock: Clock = {
  nowMs: () => {
    const heldMs = held[0]!;
    if (heldMs !== 0) return heldMs;
    const ms = now() + offsetMs;
    if (state === HOLDING) held[0] = ms;
    return ms;
  },
};

/** Bytes arrived: from here on the time stands still until `timePassed`. */
export function holdTime(): void {
  state = HOLDING;
  held[0] = 0;
}

/** Something took long: the next reading is a new one. */
export function timePassed(): void {
  held[0] = 0;
}

/** What arrived has been dealt with. */
export function freeTime(): void {
  state = FREE;
  held[0] = 0;
}
