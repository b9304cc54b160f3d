/**
 * Randomness as the domain sees it. Production seeds it from the system; tests give a seed and
 * get the same run again. Source: Marsaglia, "Xorshift RNGs", JSS 2003 (the 13/17/5 triple).
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Uniform integer in [0, bound); `bound` is 1 … 2^31. */
  below(bound: number): number;
}

/** Xorshift32: one integer of state, no allocation; good enough to spread load, never for keys. */
export class Xorshift implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 0x9e3779b9 | 0;
  }

  next(): number {
    return this.#step() / 4294967296;
  }

  below(bound: number): number {
    return Math.floor((this.#step() / 4294967296) * bound);
  }

  #step(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}
