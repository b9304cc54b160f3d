/**
 * The search for the highest load that meets the objectives: doubles until one fails (or halves
 * until one passes), then halves the gap until it is within 5 %. Pure: it says what to try next.
 */
const CLOSE_ENOUGH = 1.05;
const MOST_TRIES = 24;

export class MaxSearch {
  readonly #whole: boolean;
  readonly #start: number;
  /** The highest that passed and the lowest that failed; 0 = none yet. */
  #passed = 0;
  #failed = 0;
  #tries = 0;

  /** `whole`: only whole numbers can be tried, as with concurrency. */
  constructor(start: number, whole: boolean) {
    this.#start = start;
    this.#whole = whole;
  }

  /** The load to try next; 0 when the search is over. */
  next(): number {
    if (this.#tries === MOST_TRIES) return 0;
    if (this.#tries === 0) return this.#start;
    if (this.#failed === 0) return this.#passed * 2;
    if (this.#passed === 0) return this.#lower();
    if (this.#failed / this.#passed <= CLOSE_ENOUGH) return 0;
    const middle = (this.#passed + this.#failed) / 2;
    const next = this.#whole ? Math.floor(middle) : Number(middle.toPrecision(4));
    return next > this.#passed && next < this.#failed ? next : 0;
  }

  tell(load: number, met: boolean): void {
    this.#tries++;
    if (met) this.#passed = Math.max(this.#passed, load);
    else this.#failed = this.#failed === 0 ? load : Math.min(this.#failed, load);
  }

  /** The highest load that met the objectives; 0 = none did. */
  found(): number {
    return this.#passed;
  }

  #lower(): number {
    const half = this.#failed / 2;
    if (this.#whole) return half < 1 ? 0 : Math.floor(half);
    return half < this.#start / 64 ? 0 : half;
  }
}
