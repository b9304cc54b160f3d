// HOT PATH
/**
 * A prompt as a chain of blocks: block n's hash stands for everything up to its end, so two prompts
 * that agree on it agree on the whole prefix. 64 bits each, as two integers.
 *
 * bench: bench/prompt.ts
 */

const FIRST_BLOCKS = 64;

export class BlockChain {
  /** Blocks in use; what lies behind them in the arrays means nothing. */
  count = 0;
  low = new Int32Array(FIRST_BLOCKS);
  high = new Int32Array(FIRST_BLOCKS);
  /** Prompt tokens up to the end of each block. */
  tokensUpTo = new Float64Array(FIRST_BLOCKS);
  /** Of the whole prompt, the part behind the last full block included; an estimate. */
  tokens = 0;

  clear(): void {
    this.count = 0;
    this.tokens = 0;
  }

  push(low: number, high: number, tokensUpTo: number): void {
    if (this.count === this.low.length) this.#grow();
    const at = this.count++;
    this.low[at] = low;
    this.high[at] = high;
    this.tokensUpTo[at] = tokensUpTo;
  }

  /** Puts a block before all others; their hashes stand for it, too, from now on. */
  prepend(low: number, high: number, tokens: number): void {
    this.push(0, 0, 0);
    for (let at = this.count - 1; at > 0; at--) {
      this.low[at] = Math.imul(this.low[at - 1]! ^ low, 0x85ebca6b) ^ high;
      this.high[at] = Math.imul(this.high[at - 1]! ^ high, 0xc2b2ae35) ^ low;
      this.tokensUpTo[at] = this.tokensUpTo[at - 1]! + tokens;
    }
    this.low[0] = low;
    this.high[0] = high;
    this.tokensUpTo[0] = tokens;
  }

  #grow(): void {
    const { low, high, tokensUpTo } = this;
    this.low = new Int32Array(low.length * 2);
    this.low.set(low);
    this.high = new Int32Array(low.length * 2);
    this.high.set(high);
    this.tokensUpTo = new Float64Array(low.length * 2);
    this.tokensUpTo.set(tokensUpTo);
  }
}
