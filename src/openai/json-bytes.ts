// HOT PATH
/**
 * What single bytes and short runs of bytes mean in JSON text, for scanners that never parse a
 * whole document. Grammar: RFC 8259.
 *
 * bench: bench/model-field.ts
 */

const BACKSLASH = 0x5c;
/** Far enough below zero that no pair with it makes a letter. */
const NO_DIGIT = -4096;

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Part of a number, `true`, `false` or `null`: a digit, a letter or one of `+ - .`. */
export function isLiteral(byte: number): boolean {
  const letter = byte | 0x20;
  if (letter >= 0x61 && letter <= 0x7a) return true;
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e;
}

/** Whether a raw key, whose letters may be written as `\u00XX`, means the ASCII letters `name`. */
export function spells(raw: Buffer, from: number, to: number, name: Buffer): boolean {
  if (to - from < name.length) return false;
  let at = from;
  for (let i = 0; i < name.length; i++) {
    if (at >= to) return false;
    if (raw[at] !== BACKSLASH) {
      if (raw[at] !== name[i]) return false;
      at += 1;
      continue;
    }
    if (at + 6 > to || raw[at + 1] !== 0x75) return false;
    if (raw[at + 2] !== 0x30 || raw[at + 3] !== 0x30) return false;
    if (hexOf(raw[at + 4]) * 16 + hexOf(raw[at + 5]) !== name[i]) return false;
    at += 6;
  }
  return at === to;
}

/** The text of a raw string between its quotes, or undefined when it is not a JSON string. */
export function decodeString(buf: Buffer, from: number, to: number): string | undefined {
  let escapes = false;
  for (let i = from; i < to; i++) {
    if (buf[i] < 0x20) return undefined;
    if (buf[i] === BACKSLASH) escapes = true;
  }
  const text = buf.toString('utf8', from, to);
  if (!escapes) return text;
  try {
    // tidy allows hot-path: one name in millions has an escape, and it deserves a real parser
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return undefined;
  }
}

function hexOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NO_DIGIT;
}
