/**
 * Time as the domain sees it: milliseconds on one monotonic scale shared by every thread of the
 * process. Rules take `nowMs` as an argument or a Clock; nothing in `core` reads a real clock.
 */
export interface Clock {
  /** Monotonic milliseconds; fractions allowed; comparable between threads of one process. */
  nowMs(): number;
}

/** A clock that tests move by hand. */
export class FakeClock implements Clock {
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Moves time forward by `byMs` (never backward). */
  advance(byMs: number): void {
    if (byMs < 0) throw new RangeError(`a monotonic clock cannot go back by ${byMs} ms`);
    this.#nowMs += byMs;
  }
}
