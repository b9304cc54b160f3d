// HOT PATH
/**
 * The bytes of HTTP/1.1: names for the ones that steer the parsers, one table per character class.
 *
 * Invariant: a table answers 1 or 0 for each of the 256 bytes, so a lookup needs no range check.
 * Source: RFC 9110 §5.6.2 (tchar), §5.5 (field values); RFC 3986 §3.2.2 (host).
 * bench: bench/head-parse.ts
 */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COMMA = 0x2c;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;

function table(member: (byte: number) => boolean): Uint8Array {
  const bytes = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) bytes[byte] = member(byte) ? 1 : 0;
  return bytes;
}

function alphanumericOr(others: string): (byte: number) => boolean {
  return (byte) => {
    const char = String.fromCharCode(byte);
    return /[0-9A-Za-z]/.test(char) || others.includes(char);
  };
}

/** Bytes of methods, field names and list tokens. */
export const TOKEN = table(alphanumericOr("!#$%&'*+-.^_`|~"));

/** Bytes of field values and reason phrases: HTAB, SP, visible, and the upper half. */
export const VALUE = table((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));

/** Bytes of a request target; browsers and SDKs leave more unescaped than RFC 3986 allows. */
export const TARGET = table((byte) => byte > SP && byte < 0x7f && byte !== 0x23 && byte !== 0x5c);

/** Bytes of a registered name or an IPv4 address; no comma, so no list passes for a name. */
export const HOST_NAME = table(alphanumericOr("-._~%!$&'()*+;="));

/** Bytes between the brackets of an IP literal. */
export const HOST_LITERAL = table(alphanumericOr(':.%-_~'));

/** The value of a hexadecimal digit, 255 for every other byte. */
export const HEX = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  const char = digit.toString(16);
  HEX[char.charCodeAt(0)] = digit;
  HEX[char.toUpperCase().charCodeAt(0)] = digit;
}

/** Compares bytes with a lower-case ASCII word, ignoring case; `word` must be of token bytes. */
export function equalsWord(buf: Buffer, start: number, end: number, word: Uint8Array): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    const byte = buf[start + i];
    if ((byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte) !== word[i]) return false;
  }
  return true;
}
