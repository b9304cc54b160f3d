/**
 * Requests of the last minute, sent, completed and failed, for every endpoint: from a sample of the
 * counters each second. Invariant: exact over the last 60 samples, also for an endpoint that left
 * and came back; a slot that is not watched yet has counted from 0 since it was given away.
 */
import type { Columns } from '../core/columns.ts';
import { sumOf } from '../state/reader.ts';

const SAMPLES = 60;

interface Ring {
  /** Counter values at the last SAMPLES + 1 seconds, at second modulo that. */
  readonly sent: Float64Array;
  readonly ok: Float64Array;
  readonly failed: Float64Array;
}

export class RpmMeter {
  readonly #columns: Columns;
  readonly #rings = new Map<number, Ring>();
  #seconds = 0;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** Watches the given slots too, and samples all watched ones; to be called once a second. */
  sample(slots: readonly number[]): void {
    for (const slot of slots) if (!this.#rings.has(slot)) this.#rings.set(slot, newRing());
    this.#seconds++;
    const at = this.#seconds % (SAMPLES + 1);
    for (const [slot, ring] of this.#rings) {
      ring.sent[at] = sumOf(this.#columns, 'sent', slot);
      ring.ok[at] = sumOf(this.#columns, 'ok', slot);
      ring.failed[at] = failuresOf(this.#columns, slot);
    }
  }

  /** Stops watching a slot whose counters go back to 0. */
  forget(slot: number): void {
    this.#rings.delete(slot);
  }

  /** Attempts sent to the endpoint in the last minute. */
  sendRpm(slot: number): number {
    return sumOf(this.#columns, 'sent', slot) - this.#oldest(this.#rings.get(slot)?.sent);
  }

  /** Attempts that ended well in the last minute. */
  completionRpm(slot: number): number {
    return sumOf(this.#columns, 'ok', slot) - this.#oldest(this.#rings.get(slot)?.ok);
  }

  /** Attempts that failed in the last minute. */
  failureRpm(slot: number): number {
    return failuresOf(this.#columns, slot) - this.#oldest(this.#rings.get(slot)?.failed);
  }

  /** The value 60 samples ago. */
  #oldest(values: Float64Array | undefined): number {
    return values?.[(this.#seconds + 1) % (SAMPLES + 1)] ?? 0;
  }
}

function newRing(): Ring {
  const values = () => new Float64Array(SAMPLES + 1);
  return { sent: values(), ok: values(), failed: values() };
}

/** Attempts that ended by the endpoint's fault, since start. */
function failuresOf(columns: Columns, slot: number): number {
  return (
    sumOf(columns, 'failedConnect', slot) +
    sumOf(columns, 'failedStatus', slot) +
    sumOf(columns, 'failedStream', slot) +
    sumOf(columns, 'failedTimeout', slot)
  );
}
