// HOT PATH
/**
 * Reads the `usage` of an answer out of its bytes, without parsing what stands around it: OpenAI's
 * prompt and completion tokens, the input and output tokens of Responses and Messages.
 *
 * Invariant: numbers of the last `usage` object that is complete within the span win, key by key;
 * a span without one changes nothing. Text inside JSON strings is never taken for it (key-search).
 *
 * bench: bench/sse-scan.ts
 */
import { isLiteral } from './json-bytes.ts';
import { KeySearch, startsWith, valueStart } from './key-search.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const ZERO = 0x30;
const NINE = 0x39;

const USAGE = new KeySearch('usage');
const PROMPT = Buffer.from('prompt_tokens');
const COMPLETION = Buffer.from('completion_tokens');
const TOTAL = Buffer.from('total_tokens');
const INPUT = Buffer.from('input_tokens');
const OUTPUT = Buffer.from('output_tokens');
const CACHED = Buffer.from('cached_tokens');
const CACHE_READ = Buffer.from('cache_read_input_tokens');
const CACHE_WRITTEN = Buffer.from('cache_creation_input_tokens');

/** What an answer cost; -1 = not told. */
export class Usage {
  tokensIn = -1;
  tokensOut = -1;
  /** Of `tokensIn`: the engine had them in its prefix cache. */
  tokensCached = -1;
  /** Where the last `usage` object that was read begins; -1 = none was. */
  foundAt = -1;

  /** Of one object: what is put together when it has ended. */
  #in = -1;
  #out = -1;
  #total = -1;
  #cached = -1;
  #cacheRead = -1;
  #cacheWritten = -1;

  /** Reads `buf[from … to)`; true when it held a usage. A key at `from` itself is not seen. */
  search(buf: Buffer, from: number, to: number): boolean {
    this.tokensIn = -1;
    this.tokensOut = -1;
    this.tokensCached = -1;
    this.foundAt = -1;
    let value = USAGE.valueAfter(buf, from, to);
    while (value !== -1) {
      if (buf[value] === OPEN_BRACE && this.#object(buf, value + 1, to)) {
        this.#take();
        this.foundAt = value;
      }
      value = USAGE.valueAfter(buf, value, to);
    }
    return this.foundAt !== -1;
  }

  /** Reads an object whose brace has been read; false when it does not end before `to`. */
  #object(buf: Buffer, from: number, to: number): boolean {
    this.#in = -1;
    this.#out = -1;
    this.#total = -1;
    this.#cached = -1;
    this.#cacheRead = -1;
    this.#cacheWritten = -1;
    let depth = 1;
    let at = from;
    while (at < to) {
      const byte = buf[at]!;
      if (byte === QUOTE) {
        const end = closingQuote(buf, at + 1, to);
        if (end === -1) return false;
        const value = valueStart(buf, end + 1, to);
        // Without a colon it was a value itself.
        const amount = value === -1 ? -1 : numberAt(buf, value, to);
        if (amount >= 0 && depth === 1) this.#told(buf, at + 1, end, amount);
        else if (amount >= 0 && depth === 2 && is(buf, at + 1, end, CACHED)) {
          this.#cached = amount;
        }
        at = end + 1;
        continue;
      }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
      if (depth === 0) return true;
      at += 1;
    }
    return false;
  }

  /** A whole number at the top of the object. */
  #told(buf: Buffer, key: number, end: number, amount: number): void {
    if (is(buf, key, end, PROMPT) || is(buf, key, end, INPUT)) this.#in = amount;
    else if (is(buf, key, end, COMPLETION) || is(buf, key, end, OUTPUT)) this.#out = amount;
    else if (is(buf, key, end, TOTAL)) this.#total = amount;
    else if (is(buf, key, end, CACHE_READ)) this.#cacheRead = amount;
    else if (is(buf, key, end, CACHE_WRITTEN)) this.#cacheWritten = amount;
  }

  /** Messages count cached tokens apart from the input; rerankers tell a total alone. */
  #take(): void {
    if (this.#in >= 0) {
      const apart = Math.max(0, this.#cacheRead) + Math.max(0, this.#cacheWritten);
      this.tokensIn = this.#in + apart;
    } else if (this.#out < 0 && this.#total >= 0) this.tokensIn = this.#total;
    if (this.#out >= 0) this.tokensOut = this.#out;
    if (this.#cached >= 0) this.tokensCached = this.#cached;
    if (this.#cacheRead >= 0) this.tokensCached = this.#cacheRead;
  }
}

function is(buf: Buffer, from: number, to: number, name: Buffer): boolean {
  return to - from === name.length && startsWith(buf, from, to, name);
}

function closingQuote(buf: Buffer, from: number, to: number): number {
  for (let at = from; at < to; at++) {
    if (buf[at] === QUOTE) return at;
    if (buf[at] === BACKSLASH) at += 1;
  }
  return -1;
}

/** A whole number that is not negative, or -1. */
function numberAt(buf: Buffer, from: number, to: number): number {
  let at = from;
  let amount = 0;
  while (at < to && buf[at]! >= ZERO && buf[at]! <= NINE) {
    amount = amount * 10 + buf[at]! - ZERO;
    at += 1;
  }
  // Cut off, a fraction, an exponent, beyond all counting: not a number of tokens.
  if (at === from || at === to || isLiteral(buf[at]!) || amount > 1e15) return -1;
  return amount;
}
