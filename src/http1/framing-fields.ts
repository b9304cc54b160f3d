// HOT PATH
/**
 * The fields that say where a message ends: Content-Length and Transfer-Encoding.
 *
 * Invariant: a head that passes has at most one of the two, in the one spelling on which all
 * peers agree; everything else that might be read two ways is refused, so no request can be
 * smuggled inside another. Source: RFC 9112 §6.1–6.3, §11.2; PROTOCOL §1.1–2.
 * bench: bench/head-parse.ts
 */
import { COMMA, CR, equalsWord, HTAB, SP, TOKEN, ZERO } from './bytes.ts';
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_ENCODING,
  FIELD_CONTENT_LENGTH,
  FIELD_TRANSFER_ENCODING,
} from './fields.ts';
import type { MessageHead } from './message-head.ts';
import {
  CHUNKED_NOT_LAST,
  CODING_IN_HTTP10,
  CODING_REPEATED,
  CODING_SYNTAX,
  CODING_TWICE,
  LENGTH_AND_CODING,
  LENGTH_LEADING_ZERO,
  LENGTH_SYNTAX,
  LENGTH_TOO_LARGE,
  LENGTH_TWICE,
  UNKNOWN_CODING,
} from './parse-error.ts';

const CHUNKED = Buffer.from('chunked');
const IDENTITY = Buffer.from('identity');

/** Takes in a field that means the same in requests and responses; 0 or a parse error. */
export function interpretShared(head: MessageHead, buf: Buffer, index: number): number {
  const start = head.valueStart[index];
  const end = head.valueEnd[index];
  switch (head.fieldId[index]) {
    case FIELD_CONTENT_LENGTH:
      return interpretLength(head, buf, start, end);
    case FIELD_TRANSFER_ENCODING:
      return interpretCoding(head, buf, start, end);
    case FIELD_CONNECTION:
      head.connectionLines++;
      return 0;
    case FIELD_CONTENT_ENCODING:
      if (end > start && !equalsWord(buf, start, end, IDENTITY)) head.contentEncoded = true;
      return 0;
    default:
      return 0;
  }
}

function interpretLength(head: MessageHead, buf: Buffer, start: number, end: number): number {
  if (head.contentLength !== -1) return LENGTH_TWICE;
  if (head.chunked) return LENGTH_AND_CODING;
  if (start === end) return LENGTH_SYNTAX;
  let length = 0;
  for (let i = start; i < end; i++) {
    const digit = buf[i] - ZERO;
    if (digit < 0 || digit > 9) return LENGTH_SYNTAX;
    // Beyond 2^53 the sum is rounded, in the end to Infinity; it only has to stay too large.
    length = length * 10 + digit;
  }
  if (buf[start] === ZERO && end - start > 1) return LENGTH_LEADING_ZERO;
  if (length > Number.MAX_SAFE_INTEGER) return LENGTH_TOO_LARGE;
  head.contentLength = length;
  return 0;
}

function interpretCoding(head: MessageHead, buf: Buffer, start: number, end: number): number {
  if (head.minor === 0) return CODING_IN_HTTP10;
  if (head.chunked) return CODING_TWICE;
  if (head.contentLength !== -1) return LENGTH_AND_CODING;
  if (!equalsWord(buf, start, end, CHUNKED)) return codingError(buf, start, end);
  // Whitespace behind a value is legal, but llhttp knows no coding "chunked" with a tab behind it.
  for (let i = end; buf[i] !== CR; i++) if (buf[i] === HTAB) return CODING_SYNTAX;
  head.chunked = true;
  return 0;
}

/** Why a Transfer-Encoding that is not simply "chunked" is refused. */
function codingError(buf: Buffer, start: number, end: number): number {
  let chunkedSeen = 0;
  let lastIsChunked = false;
  let pos = start;
  for (;;) {
    const tokenStart = pos;
    while (pos < end && TOKEN[buf[pos]] === 1) pos++;
    if (pos === tokenStart) return CODING_SYNTAX;
    lastIsChunked = equalsWord(buf, tokenStart, pos, CHUNKED);
    if (lastIsChunked) chunkedSeen++;
    while (pos < end && (buf[pos] === SP || buf[pos] === HTAB)) pos++;
    if (pos === end) break;
    if (buf[pos] !== COMMA) return CODING_SYNTAX;
    pos++;
    while (pos < end && (buf[pos] === SP || buf[pos] === HTAB)) pos++;
  }
  if (chunkedSeen > 1) return CODING_REPEATED;
  return chunkedSeen === 1 && !lastIsChunked ? CHUNKED_NOT_LAST : UNKNOWN_CODING;
}
