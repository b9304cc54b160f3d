// HOT PATH
/**
 * The end of a JSON string in bytes that come in pieces: short ones byte by byte, long ones through
 * native search. Grammar: RFC 8259 §7.
 *
 * bench: bench/model-field.ts
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A string is searched byte by byte so far before a native call pays (bench/model-field.ts). */
const SHORT_BYTES = 32;

/** The string goes on in the next piece. */
export const STRING_OPEN = -1;
/** The same, and the first byte of that piece is escaped by the last of this one. */
export const STRING_OPEN_ESCAPED = -2;

/**
 * Index of the quote that ends the string `from` is in, or one of STRING_OPEN*. After
 * STRING_OPEN_ESCAPED the next search starts at the piece's second byte (`from` may be `end + 1`).
 */
export function closingQuote(chunk: Buffer, from: number, end: number): number {
  // `i` never points at an escaped byte.
  let i = from;
  while (i < end) {
    const short = end - i < SHORT_BYTES ? end : i + SHORT_BYTES;
    while (i < short) {
      const byte = chunk[i];
      if (byte === QUOTE) return i;
      i += byte === BACKSLASH ? 2 : 1;
    }
    if (i >= end) break;
    let quote = chunk.indexOf(QUOTE, i);
    if (quote === -1 || quote > end) quote = end;
    let run = quote;
    while (run > i && chunk[run - 1] === BACKSLASH) run -= 1;
    const escaped = ((quote - run) & 1) === 1;
    if (quote === end) return escaped ? STRING_OPEN_ESCAPED : STRING_OPEN;
    if (!escaped) return quote;
    i = quote + 1;
  }
  return i > end ? STRING_OPEN_ESCAPED : STRING_OPEN;
}
