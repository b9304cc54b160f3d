// HOT PATH
/**
 * A running hash of 64 bits over bytes that come in pieces, 8 bytes a turn; wherever BLOCK_BYTES
 * are full it can tell the hash of all so far. Not for secrets: it keeps prompts apart, and its
 * salt keeps outsiders from choosing where they land.
 *
 * Invariant: the pieces do not matter, only the bytes. Source of the mixing steps: Appleby,
 * MurmurHash3 (multiply, rotate, and the finaliser).
 *
 * bench: bench/prompt.ts
 */
import type { BlockChain } from '../core/block-chain.ts';

/** Text of about this many bytes is a token. */
export const BYTES_PER_TOKEN = 4;
/** 128 tokens; engines cut finer. */
const BLOCK_BYTES = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const QUOTES = 0x22222222;
const ONES = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;
/** From here on a view of the chunk pays, which may have to be made. */
const VIEWED_BYTES = 32;
/** A quote in the text so close means that more will follow: */
const CLOSE_BYTES = 128;
/** so far no native search would pay. */
const STRETCH_BYTES = 1024;
const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

export class BlockHasher {
  /** Bytes taken so far. */
  bytes = 0;
  /** Tokens taken that are not text (images). */
  extraTokens = 0;
  low = 0;
  high = 0;
  #word = 0;
  #blocks: BlockChain | undefined = undefined;
  #view: DataView = NO_VIEW;
  #viewed: Buffer = NO_BYTES;

  /** Full blocks go to `blocks`, if there is one. */
  reset(salt: number, blocks: BlockChain | undefined): void {
    this.bytes = 0;
    this.extraTokens = 0;
    this.low = salt;
    this.high = ~salt;
    this.#word = 0;
    this.#blocks = blocks;
    this.#viewed = NO_BYTES;
    this.#view = NO_VIEW;
  }

  byte(value: number): void {
    const place = this.bytes & 3;
    this.#word |= value << (place << 3);
    this.bytes++;
    if (place !== 3) return;
    if ((this.bytes & 7) === 4) this.low = mixLow(this.low, this.#word);
    else this.high = mixHigh(this.high, this.#word);
    this.#word = 0;
    if (this.bytes % BLOCK_BYTES === 0) this.#blockFull();
  }

  run(chunk: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && (this.bytes & 7) !== 0) this.byte(chunk[at++]!);
    if (to - at >= VIEWED_BYTES) {
      this.#look(chunk);
      at = this.#pairs(at, to);
    }
    while (at < to) this.byte(chunk[at++]!);
  }

  /**
   * Takes the bytes of a JSON string up to the quote that ends it, which it leaves; its index, or
   * `end`. `from` is not escaped. Native search finds the quote, and hashing need not look for it;
   * where the text itself has quotes close together, hashing looks along.
   */
  runToQuote(chunk: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end) {
      const found = chunk.indexOf(QUOTE, at);
      const quote = found < 0 || found > end ? end : found;
      if (quote === end || !isEscaped(chunk, from, quote)) {
        this.run(chunk, at, quote);
        return quote;
      }
      if (quote - at < CLOSE_BYTES) {
        const stop = Math.min(end, at + STRETCH_BYTES);
        at = this.#runLooking(chunk, from, at, stop);
        if (at < stop) return at;
      } else {
        this.run(chunk, at, quote + 1);
        at = quote + 1;
      }
    }
    return at;
  }

  /** The same for the stretch from `from`, of the string that began at `start`. */
  #runLooking(chunk: Buffer, start: number, from: number, end: number): number {
    let at = from;
    while (at < end && (this.bytes & 7) !== 0) {
      if (chunk[at] === QUOTE && !isEscaped(chunk, start, at)) return at;
      this.byte(chunk[at++]!);
    }
    if (end - at >= VIEWED_BYTES) {
      this.#look(chunk);
      at = this.#pairsToQuote(chunk, start, at, end);
    }
    while (at < end && (chunk[at] !== QUOTE || isEscaped(chunk, start, at))) {
      this.byte(chunk[at++]!);
    }
    return at;
  }

  /** 8 bytes a turn while there are 8 that the string goes on behind; returns where it stopped. */
  #pairsToQuote(chunk: Buffer, start: number, from: number, end: number): number {
    const view = this.#view;
    let at = from;
    while (end - at >= 8) {
      const room = BLOCK_BYTES - (this.bytes % BLOCK_BYTES);
      const begun = at;
      const stop = at + Math.min(room, (end - at) & ~7);
      let low = this.low;
      let high = this.high;
      for (; at < stop; at += 8) {
        const first = view.getInt32(at, true);
        const second = view.getInt32(at + 4, true);
        // A byte that equals a quote becomes 0, and only there a high bit comes up (or above it).
        const x = first ^ QUOTES;
        const y = second ^ QUOTES;
        const firstHits = ((x - ONES) | 0) & ~x & HIGH_BITS;
        if (firstHits !== 0 && endsAmong(chunk, start, at, firstHits)) break;
        const secondHits = ((y - ONES) | 0) & ~y & HIGH_BITS;
        if (secondHits !== 0 && endsAmong(chunk, start, at + 4, secondHits)) break;
        low = mixLow(low, first);
        high = mixHigh(high, second);
      }
      this.low = low;
      this.high = high;
      this.bytes += at - begun;
      if (at < stop) return at;
      if (this.bytes % BLOCK_BYTES === 0) this.#blockFull();
    }
    return at;
  }

  #look(chunk: Buffer): void {
    if (this.#viewed === chunk) return;
    this.#viewed = chunk;
    this.#view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
  }

  /** 8 bytes a turn while there are 8; returns where it stopped. */
  #pairs(from: number, to: number): number {
    const view = this.#view;
    let at = from;
    while (to - at >= 8) {
      const room = BLOCK_BYTES - (this.bytes % BLOCK_BYTES);
      const stop = at + Math.min(room, (to - at) & ~7);
      let low = this.low;
      let high = this.high;
      this.bytes += stop - at;
      for (; at < stop; at += 8) {
        low = mixLow(low, view.getInt32(at, true));
        high = mixHigh(high, view.getInt32(at + 4, true));
      }
      this.low = low;
      this.high = high;
      if (this.bytes % BLOCK_BYTES === 0) this.#blockFull();
    }
    return at;
  }

  /** Each half takes from the other, so that both depend on every byte. */
  #blockFull(): void {
    const { low, high } = this;
    this.low = finish(low ^ Math.imul(high, 0x9e3779b1));
    this.high = finish(high ^ Math.imul(low, 0xc2b2ae35));
    const tokensUpTo = this.bytes / BYTES_PER_TOKEN + this.extraTokens;
    this.#blocks?.push(this.low, this.high, tokensUpTo);
  }
}

/** Whether the string that began unescaped at `start` ends at one of the 4 bytes from `at`. */
function endsAmong(chunk: Buffer, start: number, at: number, hits: number): boolean {
  for (let rest = hits; rest !== 0; rest &= rest - 1) {
    const i = at + ((31 - Math.clz32(rest & -rest)) >> 3);
    if (chunk[i] === QUOTE && !isEscaped(chunk, start, i)) return true;
  }
  return false;
}

/** An odd number of backslashes stands before `at`, none of them before `start`. */
export function isEscaped(chunk: Buffer, start: number, at: number): boolean {
  let run = at;
  while (run > start && chunk[run - 1] === BACKSLASH) run--;
  return ((at - run) & 1) === 1;
}

function mixLow(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b | 0);
  return (mixed << 13) | (mixed >>> 19);
}

function mixHigh(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0xc2b2ae35 | 0);
  return (mixed << 15) | (mixed >>> 17);
}

/** Every bit of the result depends on every bit of `value`. */
export function finish(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
