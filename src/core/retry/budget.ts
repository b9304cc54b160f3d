/**
 * How many retries a cluster may cost: a share of its requests plus a small constant rate, over a
 * sliding ten seconds, so that an outage cannot multiply its own load.
 *
 * A request deposits one token, a retry withdraws 1 ÷ RETRY_SHARE; both are forgotten when their
 * second leaves the ring. The reserve lets a cluster with little traffic retry at all. Source:
 * finagle's token retry budget.
 */
const RETRY_SHARE = 0.2;
const MIN_RETRIES_PER_SECOND = 10;
const SECONDS = 10;
const TOKENS_PER_RETRY = 1 / RETRY_SHARE;

export class RetryBudget {
  /** Net deposits of each of the last SECONDS seconds, at second modulo SECONDS. */
  readonly #net = new Int32Array(SECONDS);
  #second = 0;
  readonly #reserve: number;

  /** Each of `workers` equal budgets gets its part of the constant rate, at least one retry. */
  constructor(workers = 1) {
    const retries = (MIN_RETRIES_PER_SECOND * SECONDS) / workers;
    this.#reserve = Math.max(1, retries) * TOKENS_PER_RETRY;
  }

  /** A request came in (not: a retry of it). */
  deposit(nowMs: number): void {
    this.#moveTo(nowMs);
    const at = this.#second % SECONDS;
    this.#net[at] = this.#net[at]! + 1;
  }

  /** Takes one retry out of the budget; false = the budget is spent, nothing was taken. */
  tryWithdraw(nowMs: number): boolean {
    if (this.balance(nowMs) < 1) return false;
    const at = this.#second % SECONDS;
    this.#net[at] = this.#net[at]! - TOKENS_PER_RETRY;
    return true;
  }

  /** Retries that could be withdrawn now. */
  balance(nowMs: number): number {
    this.#moveTo(nowMs);
    let tokens = this.#reserve;
    for (let at = 0; at < SECONDS; at++) tokens += this.#net[at]!;
    return Math.max(0, Math.floor(tokens / TOKENS_PER_RETRY));
  }

  /** Empties the seconds that have left the ring; an older `nowMs` counts as the newest second. */
  #moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second <= this.#second) return;
    const stale = Math.min(SECONDS, second - this.#second);
    for (let back = 0; back < stale; back++) this.#net[(second - back) % SECONDS] = 0;
    this.#second = second;
  }
}
