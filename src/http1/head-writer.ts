// HOT PATH
/**
 * Composes heads and chunk headers in a buffer that is kept and reused.
 *
 * Invariant: `buf[0, length)` is what was written since `reset`; growing replaces `buf`, so it is
 * taken anew after each use. Fields are copied as the bytes they came as, kept neighbours in one
 * piece. Source: PROTOCOL §2, RFC 9110 §7.6.1. bench: bench/head-parse.ts
 */
import type { MessageHead } from './message-head.ts';

const CRLF = Buffer.from('\r\n');
const HEX_DIGITS = Buffer.from('0123456789abcdef');
const DECIMAL_ZERO = 0x30;
/** Measured: a loop costs 1 ns a byte, a call of Buffer.copy 38 ns up to 256 bytes. */
const SHORT_COPY_BYTES = 32;
/** 2^53-1 has 16 decimal and 14 hexadecimal digits. */
const MAX_DIGITS = 16;

export class HeadWriter {
  buf: Buffer;
  length: number;

  constructor(capacityBytes: number) {
    this.buf = Buffer.allocUnsafeSlow(capacityBytes);
    this.length = 0;
  }

  reset(): void {
    this.length = 0;
  }

  bytes(bytes: Uint8Array): void {
    const size = bytes.length;
    this.#ensure(size);
    if (size > SHORT_COPY_BYTES) this.buf.set(bytes, this.length);
    else for (let i = 0; i < size; i++) this.buf[this.length + i] = bytes[i];
    this.length += size;
  }

  span(src: Buffer, start: number, end: number): void {
    const size = end - start;
    this.#ensure(size);
    if (size > SHORT_COPY_BYTES) src.copy(this.buf, this.length, start, end);
    else for (let i = 0; i < size; i++) this.buf[this.length + i] = src[start + i];
    this.length += size;
  }

  /** A string of code points up to 255, one byte each. */
  ascii(text: string): void {
    const size = text.length;
    this.#ensure(size);
    for (let i = 0; i < size; i++) this.buf[this.length + i] = text.charCodeAt(i);
    this.length += size;
  }

  /** A whole number from 0 to 2^53-1. */
  decimal(value: number): void {
    this.#ensure(MAX_DIGITS);
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits++;
    let rest = value;
    for (let pos = this.length + digits - 1; pos >= this.length; pos--) {
      const shorter = Math.floor(rest / 10);
      this.buf[pos] = DECIMAL_ZERO + (rest - shorter * 10);
      rest = shorter;
    }
    this.length += digits;
  }

  /** As `decimal`, in lower-case hexadecimal. */
  hex(value: number): void {
    this.#ensure(MAX_DIGITS);
    let digits = 1;
    for (let bound = 16; value >= bound; bound *= 16) digits++;
    let rest = value;
    for (let pos = this.length + digits - 1; pos >= this.length; pos--) {
      const shorter = Math.floor(rest / 16);
      this.buf[pos] = HEX_DIGITS[rest - shorter * 16];
      rest = shorter;
    }
    this.length += digits;
  }

  crlf(): void {
    this.bytes(CRLF);
  }

  #ensure(extraBytes: number): void {
    const needed = this.length + extraBytes;
    if (needed <= this.buf.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buf.length * 2));
    this.buf.copy(grown, 0, 0, this.length);
    this.buf = grown;
  }
}

/**
 * Copies the field lines of `head` that may travel on: not hop-by-hop, and their id not marked
 * with 1 in `drop` (256 entries). Their CRLFs come along; the blank line does not.
 */
export function writeForwardedFields(
  out: HeadWriter,
  buf: Buffer,
  head: MessageHead,
  drop: Uint8Array,
): void {
  const { fieldCount, nameStart, fieldId, hop } = head;
  let keptFrom = -1;
  for (let i = 0; i < fieldCount; i++) {
    const keep = hop[i] === 0 && drop[fieldId[i]] === 0;
    if (keep && keptFrom < 0) {
      keptFrom = nameStart[i];
    } else if (!keep && keptFrom >= 0) {
      out.span(buf, keptFrom, nameStart[i]);
      keptFrom = -1;
    }
  }
  if (keptFrom >= 0) out.span(buf, keptFrom, head.fieldsEnd);
}
