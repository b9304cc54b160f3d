// HOT PATH
/**
 * Load = peak-EWMA of the time to first byte × (leases held + 1): a slower answer counts at once,
 * a faster one little by little, and an endpoint nobody hears of slowly becomes attractive again.
 *
 * Cold start: an endpoint that never answered is tried while it has nothing in flight, and after
 * that counts as slower than any other until its first answer is here. Source: finagle's
 * PeakEwma (loadbalancer), whose decay and penalty these are.
 *
 * bench: bench/pick.ts
 */
import type { WorkerColumns } from '../columns.ts';
import type { Load } from '../pickers/picker.ts';
import { InFlight } from './in-flight.ts';

/** After this time without a peak, 63 % of it are forgotten. */
const DECAY_MS = 10_000;
/** More than any answer takes, and far from the end of the numbers. */
const PENALTY_MS = 2 ** 32;

export class PeakEwma implements Load {
  /** Coarse present time; the caller sets it before a pick. */
  nowMs = 0;
  readonly #workers: readonly WorkerColumns[];
  readonly #inFlight: InFlight;

  constructor(workers: readonly WorkerColumns[]) {
    this.#workers = workers;
    this.#inFlight = new InFlight(workers);
  }

  of(slot: number): number {
    const inFlight = this.#inFlight.of(slot);
    const latencyMs = this.#latencyMs(slot);
    if (latencyMs === 0) return inFlight === 0 ? 0 : PENALTY_MS + inFlight;
    return latencyMs * (inFlight + 1);
  }

  /** The mean of what the workers know, each aged until now; 0 = nobody knows. */
  #latencyMs(slot: number): number {
    let sum = 0;
    let count = 0;
    for (let index = 0; index < this.#workers.length; index++) {
      const worker = this.#workers[index]!;
      const atMs = worker.latencyAtMs[slot]!;
      if (atMs === 0) continue;
      sum += worker.latencyMs[slot]! * Math.exp(Math.min(0, atMs - this.nowMs) / DECAY_MS);
      count++;
    }
    // One that answered keeps a trace of it for ever: it is not cold again.
    return count === 0 ? 0 : Math.max(1e-3, sum / count);
  }
}

/** An answer's first byte took so long. */
export function learnLatency(
  own: WorkerColumns,
  slot: number,
  tookMs: number,
  nowMs: number,
): void {
  const atMs = own.latencyAtMs[slot]!;
  const before = atMs === 0 ? 0 : own.latencyMs[slot]!;
  const share = Math.exp(Math.min(0, atMs - nowMs) / DECAY_MS);
  own.latencyMs[slot] = tookMs > before ? tookMs : before * share + tookMs * (1 - share);
  own.latencyAtMs[slot] = nowMs;
}
