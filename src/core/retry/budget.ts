/**
 * How many retries a cluster may cost: a share of its requests plus a small constant rate, over a
 * sliding ten seconds, so that an outage cannot multiply its own load.
 *
 * A request deposits one token, a retry withdraws 1 ÷ RETRY_SHARE; both are forgotten when their
 * second leaves its ring. A withdrawal is remembered a second longer than a deposit: seconds begin
 * anywhere, so only then no ten seconds hold more retries than the budget. The reserve lets a
 * cluster with little traffic retry at all. Source: finagle's token retry budget.
 */
const RETRY_SHARE = 0.2;
const MIN_RETRIES_PER_SECOND = 10;
const SECONDS = 10;
const TOKENS_PER_RETRY = 1 / RETRY_SHARE;

export class RetryBudget {
  /** Deposits of each of the last SECONDS seconds, at second modulo SECONDS. */
  readonly #deposits = new Int32Array(SECONDS);
  /** Withdrawals of these and one second more. */
  readonly #withdrawals = new Int32Array(SECONDS + 1);
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
    this.#deposits[this.#second % SECONDS]!++;
  }

  /** Takes one retry out of the budget; false = the budget is spent, nothing was taken. */
  tryWithdraw(nowMs: number): boolean {
    if (this.balance(nowMs) < 1) return false;
    this.#withdrawals[this.#second % (SECONDS + 1)]! += TOKENS_PER_RETRY;
    return true;
  }

  /** Retries that could be withdrawn now. */
  balance(nowMs: number): number {
    this.#moveTo(nowMs);
    let tokens = this.#reserve;
    for (let at = 0; at < SECONDS; at++) tokens += this.#deposits[at]!;
    for (let at = 0; at <= SECONDS; at++) tokens -= this.#withdrawals[at]!;
    return Math.max(0, Math.floor(tokens / TOKENS_PER_RETRY));
  }

  /** Empties the seconds that have left the ring; an older `nowMs` counts as the newest second. */
  #moveTo(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second <= this.#second) return;
    clearPassed(this.#deposits, this.#second, second);
    clearPassed(this.#withdrawals, this.#second, second);
    this.#second = second;
  }
}

/** Empties the cells of the seconds after `from` up to `to`. */
function clearPassed(ring: Int32Array, from: number, to: number): void {
  const passed = Math.min(ring.length, to - from);
  for (let back = 0; back < passed; back++) ring[(to - back) % ring.length] = 0;
}
