/**
 * Tokens of an endpoint's window, held for one attempt until it is known what it cost. Exists only
 * for endpoints that have a token limit. Invariant: it is settled at most once.
 */
import { settle } from '../core/token-window.ts';

export class TokenReservation {
  readonly #cells: Int32Array;
  readonly #slot: number;
  readonly #asked: { readonly limit: number; readonly tokens: number };
  readonly #reservedAtMs: number;
  #settled = false;

  constructor(
    cells: Int32Array,
    slot: number,
    asked: { readonly limit: number; readonly tokens: number },
    reservedAtMs: number,
  ) {
    this.#cells = cells;
    this.#slot = slot;
    this.#asked = asked;
    this.#reservedAtMs = reservedAtMs;
  }

  /** 0 = nothing went up; -1 = nobody said what it cost: then the estimate stands. */
  settle(actual: number, nowMs: number): void {
    if (this.#settled) return;
    this.#settled = true;
    if (actual < 0) return;
    const reservedAtMs = this.#reservedAtMs;
    settle(this.#cells, this.#slot, this.#asked, { reservedAtMs, actual, nowMs });
  }
}
