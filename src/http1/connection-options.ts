// HOT PATH
/**
 * What Connection says: whether the connection persists, and which fields belong to it alone.
 *
 * Invariant: no sender can use Connection to strip a field that the router or an engine relies on
 * (PROTECTED and every X-Forwarded-*). Elements that are not tokens are ignored: Connection is
 * never forwarded, so nobody else reads them. Source: RFC 9110 §7.6.1, RFC 9112 §9.3.
 * bench: bench/head-parse.ts
 */
import { COMMA, equalsWord, HTAB, SP, TOKEN } from './bytes.ts';
import {
  FIELD_AUTHORIZATION,
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_COOKIE,
  FIELD_HOST,
  FIELD_X_REQUEST_ID,
  fieldIdOf,
} from './fields.ts';
import { MAX_CONNECTION_OPTIONS } from './limits.ts';
import type { MessageHead } from './message-head.ts';
import { TOO_MANY_OPTIONS } from './parse-error.ts';

const CLOSE = Buffer.from('close');
const KEEP_ALIVE = Buffer.from('keep-alive');
const FORWARDED_PREFIX = Buffer.from('x-forwarded-');

const PROTECTED = new Uint8Array(256);
PROTECTED[FIELD_HOST] = 1;
PROTECTED[FIELD_CONTENT_LENGTH] = 1;
PROTECTED[FIELD_AUTHORIZATION] = 1;
PROTECTED[FIELD_COOKIE] = 1;
PROTECTED[FIELD_X_REQUEST_ID] = 1;

/** Sets `keepAlive` and marks the fields named by Connection in `hop`; 0 or a parse error. */
export function applyConnection(buf: Buffer, head: MessageHead): number {
  head.keepAlive = head.minor === 1;
  if (head.connectionLines === 0) return 0;
  let closes = false;
  let options = 0;
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.fieldId[i] !== FIELD_CONNECTION) continue;
    const end = head.valueEnd[i];
    let pos = head.valueStart[i];
    while (pos < end) {
      const start = pos;
      while (pos < end && buf[pos] !== COMMA) pos++;
      if (++options > MAX_CONNECTION_OPTIONS) return TOO_MANY_OPTIONS;
      const tokenStart = skipSpace(buf, start, pos);
      const tokenEnd = trimSpace(buf, tokenStart, pos);
      if (equalsWord(buf, tokenStart, tokenEnd, CLOSE)) closes = true;
      else if (equalsWord(buf, tokenStart, tokenEnd, KEEP_ALIVE)) head.keepAlive = true;
      else markNamed(buf, head, tokenStart, tokenEnd);
      pos++;
    }
  }
  if (closes) head.keepAlive = false;
  return 0;
}

function markNamed(buf: Buffer, head: MessageHead, start: number, end: number): void {
  const length = end - start;
  if (length === 0 || !isToken(buf, start, end)) return;
  const id = fieldIdOf(buf, start, end);
  if (PROTECTED[id] === 1) return;
  const prefixEnd = start + FORWARDED_PREFIX.length;
  if (prefixEnd <= end && equalsWord(buf, start, prefixEnd, FORWARDED_PREFIX)) return;
  for (let i = 0; i < head.fieldCount; i++) {
    if (head.nameEnd[i] - head.nameStart[i] !== length || head.fieldId[i] !== id) continue;
    if (id !== 0 || sameName(buf, head.nameStart[i], start, length)) head.hop[i] = 1;
  }
}

function isToken(buf: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (TOKEN[buf[i]] === 0) return false;
  return true;
}

function sameName(buf: Buffer, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (lower(buf[a + i]) !== lower(buf[b + i])) return false;
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function skipSpace(buf: Buffer, start: number, end: number): number {
  let pos = start;
  while (pos < end && (buf[pos] === SP || buf[pos] === HTAB)) pos++;
  return pos;
}

function trimSpace(buf: Buffer, start: number, end: number): number {
  let pos = end;
  while (pos > start && (buf[pos - 1] === SP || buf[pos - 1] === HTAB)) pos--;
  return pos;
}
