// HOT PATH
/**
 * Reads field lines into a head: one pass, byte by byte, each byte looked at once.
 *
 * Invariant: the result for a prefix is 0 or the result for the whole, so bytes that can never
 * become a head are refused as soon as they are seen, wherever the network cut them.
 * Source: RFC 9112 §2.2, §5; RFC 9110 §5.5, §5.6.2. bench: bench/head-parse.ts
 */
import { COLON, CR, HTAB, LF, SP, TOKEN, VALUE } from './bytes.ts';
import { fieldIdOf, HOP_BY_HOP, LAST_INTERPRETED } from './fields.ts';
import { MAX_FIELDS } from './limits.ts';
import type { MessageHead } from './message-head.ts';
import {
  BARE_CR,
  BARE_LF,
  EMPTY_NAME,
  LEADING_SPACE,
  NAME_CHARACTER,
  NO_COLON,
  OBS_FOLD,
  SPACE_BEFORE_COLON,
  TOO_MANY_FIELDS,
  VALUE_CHARACTER,
} from './parse-error.ts';

/** The position after the blank line (> 0), 0 = more bytes are needed, < 0 = parse error. */
export function parseFieldLines(
  buf: Buffer,
  start: number,
  limit: number,
  head: MessageHead,
): number {
  let pos = start;
  while (pos < limit) {
    const first = buf[pos];
    if (first === CR) return endOfFields(buf, pos, limit, head);
    if (head.fieldCount === MAX_FIELDS) return TOO_MANY_FIELDS;
    if (TOKEN[first] === 0) return lineStartError(first, head.fieldCount > 0);

    let nameEnd = pos + 1;
    while (nameEnd < limit && TOKEN[buf[nameEnd]] === 1) nameEnd++;
    if (nameEnd === limit) return 0;
    if (buf[nameEnd] !== COLON) return nameEndError(buf[nameEnd]);

    let valueStart = nameEnd + 1;
    while (valueStart < limit && (buf[valueStart] === SP || buf[valueStart] === HTAB)) valueStart++;
    let lineEnd = valueStart;
    while (lineEnd < limit && VALUE[buf[lineEnd]] === 1) lineEnd++;
    if (lineEnd === limit) return 0;
    if (buf[lineEnd] !== CR) return buf[lineEnd] === LF ? BARE_LF : VALUE_CHARACTER;
    if (lineEnd + 1 === limit) return 0;
    if (buf[lineEnd + 1] !== LF) return BARE_CR;

    const index = head.fieldCount;
    head.nameStart[index] = pos;
    head.nameEnd[index] = nameEnd;
    head.valueStart[index] = valueStart;
    head.valueEnd[index] = lineEnd;
    const failure = acceptField(buf, head, index);
    if (failure !== 0) return failure;
    pos = lineEnd + 2;
  }
  return 0;
}

function endOfFields(buf: Buffer, pos: number, limit: number, head: MessageHead): number {
  if (pos + 1 === limit) return 0;
  if (buf[pos + 1] !== LF) return BARE_CR;
  head.fieldsEnd = pos;
  return pos + 2;
}

/** Trims the value of the line just read, names its id and lets the head take it in. */
function acceptField(buf: Buffer, head: MessageHead, index: number): number {
  const valueStart = head.valueStart[index];
  let valueEnd = head.valueEnd[index];
  while (valueEnd > valueStart && (buf[valueEnd - 1] === SP || buf[valueEnd - 1] === HTAB)) {
    valueEnd--;
  }
  const id = fieldIdOf(buf, head.nameStart[index], head.nameEnd[index]);
  head.valueEnd[index] = valueEnd;
  head.fieldId[index] = id;
  head.hop[index] = HOP_BY_HOP[id];
  head.fieldCount = index + 1;
  if (id === 0 || id > LAST_INTERPRETED) return 0;
  return head.interpret(buf, index);
}

/** Why a line may not start with this byte; also used for trailers. */
export function lineStartError(byte: number, afterField: boolean): number {
  if (byte === SP || byte === HTAB) return afterField ? OBS_FOLD : LEADING_SPACE;
  if (byte === LF) return BARE_LF;
  return byte === COLON ? EMPTY_NAME : NAME_CHARACTER;
}

/** Why a name may not be followed by this byte; also used for trailers. */
export function nameEndError(byte: number): number {
  if (byte === SP || byte === HTAB) return SPACE_BEFORE_COLON;
  if (byte === LF) return BARE_LF;
  return byte === CR ? NO_COLON : NAME_CHARACTER;
}
