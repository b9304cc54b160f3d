/**
 * At most 20 messages in any minute, which is what WeCom and DingTalk allow: a bucket of 5 tokens
 * that gains one every 4 s. Proof: in any 60 s at most the 5 that were there and the 60 / 4 = 15
 * gained can be spent. Pure.
 */
const CAPACITY = 5;
const GAIN_MS = 4000;

export class SendLimit {
  #tokens = CAPACITY;
  #countedMs: number;

  constructor(nowMs: number) {
    this.#countedMs = nowMs;
  }

  /** Takes a token and says 0, or says in how many ms there will be one. */
  take(nowMs: number): number {
    const gained = Math.floor((nowMs - this.#countedMs) / GAIN_MS);
    this.#tokens += gained;
    this.#countedMs += gained * GAIN_MS;
    if (this.#tokens >= CAPACITY) {
      this.#tokens = CAPACITY;
      this.#countedMs = nowMs;
    }
    if (this.#tokens === 0) return Math.max(1, this.#countedMs + GAIN_MS - nowMs);
    this.#tokens--;
    return 0;
  }
}
