// HOT PATH
/**
 * Looks for an object key in JSON text without parsing it: Boyer-Moore-Horspool (Horspool,
 * "Practical fast searching in strings", 1980), which looks at one byte in about a dozen and, for
 * spans of a few hundred bytes, costs a third of a native search.
 *
 * Invariant: text inside a JSON string is never taken for a key, because its quotes are escaped:
 * an opening quote is never preceded by a backslash.
 *
 * bench: bench/sse-scan.ts
 */
import { isSpace } from './json-bytes.ts';

const BACKSLASH = 0x5c;
const COLON = 0x3a;

export class KeySearch {
  readonly #quoted: Buffer;
  readonly #shift: Uint8Array;

  constructor(key: string) {
    this.#quoted = Buffer.from(`"${key}"`);
    const length = this.#quoted.length;
    this.#shift = new Uint8Array(256).fill(length);
    for (let i = 0; i < length - 1; i++) this.#shift[this.#quoted[i]] = length - 1 - i;
  }

  /**
   * Where the value of the next such key starts in `buf[from … to)`, or -1. A key at `from` itself
   * is not seen: what precedes it is unknown.
   */
  valueAfter(buf: Buffer, from: number, to: number): number {
    const quoted = this.#quoted;
    const last = quoted.length - 1;
    let at = from + 1 + last;
    while (at < to) {
      if (buf[at] === 0x22 && this.#endsAt(buf, at)) {
        const value = valueStart(buf, at + 1, to);
        if (value !== -1) return value;
      }
      at += this.#shift[buf[at]];
    }
    return -1;
  }

  #endsAt(buf: Buffer, at: number): boolean {
    const quoted = this.#quoted;
    const start = at - quoted.length + 1;
    for (let i = quoted.length - 2; i >= 0; i--) {
      if (buf[start + i] !== quoted[i]) return false;
    }
    return buf[start - 1] !== BACKSLASH;
  }
}

/** The first byte of the value when a colon follows the key that ended before `from`, or -1. */
export function valueStart(buf: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && isSpace(buf[at])) at += 1;
  if (at >= to || buf[at] !== COLON) return -1;
  at += 1;
  while (at < to && isSpace(buf[at])) at += 1;
  return at < to ? at : -1;
}

/** Whether `text` stands at `buf[from]` and ends before `to`. */
export function startsWith(buf: Buffer, from: number, to: number, text: Buffer): boolean {
  if (to - from < text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (buf[from + i] !== text[i]) return false;
  }
  return true;
}
