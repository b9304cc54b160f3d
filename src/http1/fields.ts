// HOT PATH
/**
 * The header fields the router knows: a small integer each, found without making a string.
 *
 * Invariant: a field id is its place in NAMES; 0 means "not one of ours". Ids up to
 * LAST_INTERPRETED change how a message is read; the parsers look only at those.
 * Source: RFC 9110 §7.6.1 (connection-level fields), PROTOCOL §2. bench: bench/head-parse.ts
 */
/** The part of a parsed head that finding a field needs. */
export interface FieldTable {
  readonly fieldCount: number;
  readonly fieldId: Uint8Array;
  readonly valueStart: Int32Array;
  readonly valueEnd: Int32Array;
}

export const FIELD_OTHER = 0;
export const FIELD_CONNECTION = 1;
export const FIELD_CONTENT_LENGTH = 2;
export const FIELD_TRANSFER_ENCODING = 3;
export const FIELD_HOST = 4;
export const FIELD_EXPECT = 5;
export const FIELD_CONTENT_ENCODING = 6;
export const FIELD_CONTENT_TYPE = 7;
export const FIELD_KEEP_ALIVE = 8;
export const FIELD_RETRY_AFTER = 9;
export const FIELD_X_SHOULD_RETRY = 10;
export const LAST_INTERPRETED = 10;
export const FIELD_TE = 11;
export const FIELD_TRAILER = 12;
export const FIELD_UPGRADE = 13;
export const FIELD_PROXY_CONNECTION = 14;
export const FIELD_PROXY_AUTHENTICATE = 15;
export const FIELD_PROXY_AUTHORIZATION = 16;
export const FIELD_AUTHORIZATION = 17;
export const FIELD_X_API_KEY = 18;
export const FIELD_API_KEY = 19;
export const FIELD_COOKIE = 20;
export const FIELD_X_REQUEST_ID = 21;
export const FIELD_X_FORWARDED_FOR = 22;
export const FIELD_X_FORWARDED_PROTO = 23;
export const FIELD_X_FORWARDED_HOST = 24;
export const FIELD_FORWARDED = 25;
export const FIELD_X_REQUEST_TIMEOUT = 26;
export const FIELD_X_REQUEST_PRIORITY = 27;

const NAMES = [
  '',
  'connection',
  'content-length',
  'transfer-encoding',
  'host',
  'expect',
  'content-encoding',
  'content-type',
  'keep-alive',
  'retry-after',
  'x-should-retry',
  'te',
  'trailer',
  'upgrade',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'authorization',
  'x-api-key',
  'api-key',
  'cookie',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
  'x-request-timeout',
  'x-request-priority',
] as const;

/** 1 for the fields that belong to one connection and are never forwarded. */
export const HOP_BY_HOP = new Uint8Array(256);
for (const id of [
  FIELD_CONNECTION,
  FIELD_TRANSFER_ENCODING,
  FIELD_KEEP_ALIVE,
  FIELD_TE,
  FIELD_TRAILER,
  FIELD_UPGRADE,
  FIELD_PROXY_CONNECTION,
  FIELD_PROXY_AUTHENTICATE,
  FIELD_PROXY_AUTHORIZATION,
]) {
  HOP_BY_HOP[id] = 1;
}

/** Each name occupies one row: its length, then its bytes. */
const ROW_BYTES = 32;
const ROWS = new Uint8Array(ROW_BYTES * NAMES.length);
const SLOTS = 256;
const SLOT_TO_ID = new Uint8Array(SLOTS);
let longest = 0;

/** A perfect hash of NAMES over length, first and last byte; `| 0x20` folds the case of letters. */
function slotOf(length: number, first: number, last: number): number {
  return (length + (first | 0x20) + (last | 0x20) * 11) & (SLOTS - 1);
}

for (let id = 1; id < NAMES.length; id++) {
  const name = NAMES[id];
  longest = Math.max(longest, name.length);
  ROWS[id * ROW_BYTES] = name.length;
  for (let i = 0; i < name.length; i++) ROWS[id * ROW_BYTES + 1 + i] = name.charCodeAt(i);
  const slot = slotOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
  const taken = SLOT_TO_ID[slot];
  if (taken !== 0) throw new Error(`field names ${NAMES[taken]} and ${name} share a hash slot`);
  SLOT_TO_ID[slot] = id;
}
const LONGEST = longest;

/** The id of a field name made of token bytes, in any case; 0 when it is none of ours. */
export function fieldIdOf(buf: Buffer, start: number, end: number): number {
  const length = end - start;
  if (length < 2 || length > LONGEST) return FIELD_OTHER;
  const id = SLOT_TO_ID[slotOf(length, buf[start], buf[end - 1])];
  const row = id * ROW_BYTES;
  if (ROWS[row] !== length) return FIELD_OTHER;
  // Of the token bytes only letters fold onto a-z, and none folds onto a digit or the hyphen.
  for (let i = 0; i < length; i++) {
    if ((buf[start + i] | 0x20) !== ROWS[row + 1 + i]) return FIELD_OTHER;
  }
  return id;
}

/** Where the first field with this id stands in `head`; -1 when absent. */
export function fieldIndex(head: FieldTable, id: number): number {
  const ids = head.fieldId;
  for (let i = 0; i < head.fieldCount; i++) if (ids[i] === id) return i;
  return -1;
}

/** The value of the first field with this id as a latin1 string, '' when absent; makes a string. */
export function fieldValue(buf: Buffer, head: FieldTable, id: number): string {
  const i = fieldIndex(head, id);
  return i < 0 ? '' : buf.toString('latin1', head.valueStart[i], head.valueEnd[i]);
}
