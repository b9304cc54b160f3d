// HOT PATH
/**
 * Reads the version of a request or status line.
 *
 * Invariant: only the exact bytes HTTP/1.0 and HTTP/1.1 pass, so the byte before the returned
 * position is the minor version. Source: RFC 9112 §2.3. bench: bench/head-parse.ts
 */
import { ZERO } from './bytes.ts';
import { BAD_VERSION, UNSUPPORTED_VERSION } from './parse-error.ts';

const PREFIX = Buffer.from('HTTP/');
const DOT = 0x2e;

/** The position after the version, 0 = more bytes are needed, < 0 = parse error. */
export function parseHttpVersion(buf: Buffer, start: number, limit: number): number {
  for (let i = 0; i < PREFIX.length; i++) {
    if (start + i === limit) return 0;
    if (buf[start + i] !== PREFIX[i]) return BAD_VERSION;
  }
  const major = start + PREFIX.length;
  if (major === limit) return 0;
  if (!isDigit(buf[major])) return BAD_VERSION;
  if (major + 1 === limit) return 0;
  if (buf[major + 1] !== DOT) return BAD_VERSION;
  if (major + 2 === limit) return 0;
  if (!isDigit(buf[major + 2])) return BAD_VERSION;
  if (buf[major] !== ZERO + 1 || buf[major + 2] > ZERO + 1) return UNSUPPORTED_VERSION;
  return major + 3;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}
