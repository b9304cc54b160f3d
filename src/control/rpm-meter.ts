/**
 * Requests of the last minute, sent and completed, for every endpoint: from a sample of the
 * counters each second. Invariant: exact over the last 60 samples, whatever the counters' age.
 */
import type { Columns } from '../core/columns.ts';
import { sumOf } from '../state/reader.ts';

const SAMPLES = 60;

interface Ring {
  /** Counter values at the last SAMPLES + 1 seconds, at second modulo that. */
  readonly sent: Float64Array;
  readonly ok: Float64Array;
}

export class RpmMeter {
  readonly #columns: Columns;
  readonly #rings = new Map<number, Ring>();
  #seconds = 0;

  constructor(columns: Columns) {
    this.#columns = columns;
  }

  /** Takes a sample of the given slots; to be called once a second. */
  sample(slots: readonly number[]): void {
    this.#seconds++;
    const at = this.#seconds % (SAMPLES + 1);
    for (const slot of slots) {
      const sent = sumOf(this.#columns, 'sent', slot);
      const ok = sumOf(this.#columns, 'ok', slot);
      let ring = this.#rings.get(slot);
      if (ring === undefined) {
        ring = {
          sent: new Float64Array(SAMPLES + 1).fill(sent),
          ok: new Float64Array(SAMPLES + 1).fill(ok),
        };
        this.#rings.set(slot, ring);
      }
      ring.sent[at] = sent;
      ring.ok[at] = ok;
    }
  }

  forget(slot: number): void {
    this.#rings.delete(slot);
  }

  /** Attempts sent to the endpoint in the last minute. */
  sendRpm(slot: number): number {
    const ring = this.#rings.get(slot);
    return ring === undefined ? 0 : sumOf(this.#columns, 'sent', slot) - this.#oldest(ring.sent);
  }

  /** Attempts that ended well in the last minute. */
  completionRpm(slot: number): number {
    const ring = this.#rings.get(slot);
    return ring === undefined ? 0 : sumOf(this.#columns, 'ok', slot) - this.#oldest(ring.ok);
  }

  /** The value 60 samples ago. */
  #oldest(values: Float64Array): number {
    return values[(this.#seconds + 1) % (SAMPLES + 1)]!;
  }
}
