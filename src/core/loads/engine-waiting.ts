// HOT PATH
/**
 * Load = requests waiting inside the engine (its last report) + leases we hold on it.
 *
 * The report tells what others than this router put there, the leases what we sent since. A report
 * that is missing or older than `staleAfterMs` says nothing: then the leases alone count, and the
 * endpoint is neither shunned nor preferred for not being measured.
 *
 * bench: bench/pick.ts
 */
import type { Columns, ControlColumns } from '../columns.ts';
import type { Load } from '../pickers/picker.ts';
import { InFlight } from './in-flight.ts';

export class EngineWaiting implements Load {
  /** Coarse present time; the caller sets it before a pick. */
  nowMs = 0;
  readonly #inFlight: InFlight;
  readonly #control: ControlColumns;
  readonly #staleAfterMs: number;

  constructor(columns: Columns, staleAfterMs: number) {
    this.#inFlight = new InFlight(columns.workers);
    this.#control = columns.control;
    this.#staleAfterMs = staleAfterMs;
  }

  of(slot: number): number {
    const inFlight = this.#inFlight.of(slot);
    const reportAtMs = this.#control.reportAtMs[slot]!;
    if (reportAtMs === 0 || this.nowMs - reportAtMs > this.#staleAfterMs) return inFlight;
    const waiting = this.#control.waiting[slot]!;
    return waiting < 0 ? inFlight : inFlight + waiting;
  }
}
