/**
 * Why bytes are not a message: one negative integer per rule, so that a parser can return it where
 * it would return a length, and a test can tell which rule fired.
 *
 * Invariant: every kind has one row below, and the phrase fits `ERRORS.malformed_request`.
 * Source: PROTOCOL §1; RFC 9112 §2, §3, §5, §6, §7; RFC 9110 §5.5, §7.2.
 */
import type { ErrorCode } from '../core/errors.ts';

// Start line.
export const EXTRA_EMPTY_LINE = -1;
export const BAD_METHOD = -2;
export const LONG_METHOD = -3;
export const CONNECT_REFUSED = -4;
export const HTTP2_PREFACE = -5;
export const TARGET_FORM = -6;
export const STAR_TARGET = -7;
export const TARGET_CHARACTER = -8;
export const TARGET_SPACE = -9;
export const TARGET_TOO_LONG = -10;
export const NO_VERSION = -11;
export const BAD_VERSION = -12;
export const UNSUPPORTED_VERSION = -13;
export const BAD_STATUS = -14;
export const BAD_REASON = -15;
export const UPGRADED = -16;

// Field lines, of heads and of trailers.
export const BARE_CR = -20;
export const BARE_LF = -21;
export const LEADING_SPACE = -22;
export const OBS_FOLD = -23;
export const EMPTY_NAME = -24;
export const NAME_CHARACTER = -25;
export const SPACE_BEFORE_COLON = -26;
export const NO_COLON = -27;
export const VALUE_CHARACTER = -28;
export const HEAD_TOO_LARGE = -29;
export const TOO_MANY_FIELDS = -30;
export const TOO_MANY_OPTIONS = -31;

// What the fields mean together.
export const LENGTH_TWICE = -40;
export const LENGTH_SYNTAX = -41;
export const LENGTH_LEADING_ZERO = -42;
export const LENGTH_TOO_LARGE = -43;
export const LENGTH_AND_CODING = -44;
export const CODING_TWICE = -45;
export const CODING_IN_HTTP10 = -46;
export const CODING_SYNTAX = -47;
export const CODING_REPEATED = -48;
export const CHUNKED_NOT_LAST = -49;
export const UNKNOWN_CODING = -50;
export const HOST_MISSING = -51;
export const HOST_TWICE = -52;
export const HOST_EMPTY = -53;
export const HOST_SYNTAX = -54;
export const HOST_PORT = -55;

// Chunked bodies.
export const CHUNK_SIZE_SYNTAX = -60;
export const CHUNK_SIZE_ZEROS = -61;
export const CHUNK_SIZE_TOO_LARGE = -62;
export const CHUNK_LINE_END = -63;
export const CHUNK_DATA_END = -64;
export const CHUNK_EXTENSION_SYNTAX = -65;
export const CHUNK_EXTENSIONS_TOO_LARGE = -66;
export const TRAILER_FRAMING = -67;

const BAD: ErrorCode = 'malformed_request';
const LARGE: ErrorCode = 'headers_too_large';
const VERSION: ErrorCode = 'unsupported_version';

const ROWS: ReadonlyMap<number, readonly [code: ErrorCode, detail: string]> = new Map([
  [EXTRA_EMPTY_LINE, [BAD, 'more than one empty line before the start line']],
  [BAD_METHOD, [BAD, 'the method is not a token followed by one space']],
  [LONG_METHOD, [BAD, 'the method is longer than 16 bytes']],
  [CONNECT_REFUSED, [BAD, 'CONNECT is not served']],
  [HTTP2_PREFACE, [VERSION, 'HTTP/2 was spoken']],
  [TARGET_FORM, [BAD, 'the request target must start with a slash']],
  [STAR_TARGET, [BAD, 'the target "*" is for OPTIONS only']],
  [TARGET_CHARACTER, [BAD, 'a character that a request target may not hold']],
  [TARGET_SPACE, [BAD, 'a space in the request target']],
  [TARGET_TOO_LONG, ['target_too_long', 'the target is longer than 8192 bytes']],
  [NO_VERSION, [BAD, 'the start line has no HTTP version']],
  [BAD_VERSION, [BAD, 'the HTTP version is not written as HTTP/1.1']],
  [UNSUPPORTED_VERSION, [VERSION, 'neither HTTP/1.1 nor HTTP/1.0']],
  [BAD_STATUS, [BAD, 'the status is not three digits']],
  [BAD_REASON, [BAD, 'a control character in the reason phrase']],
  [UPGRADED, [BAD, 'protocols were switched without being asked to']],
  [BARE_CR, [BAD, 'a carriage return that no line feed follows']],
  [BARE_LF, [BAD, 'a line that ends without a carriage return']],
  [LEADING_SPACE, [BAD, 'whitespace before the first header']],
  [OBS_FOLD, [BAD, 'a header folded over two lines']],
  [EMPTY_NAME, [BAD, 'a header without a name']],
  [NAME_CHARACTER, [BAD, 'a character that a header name may not hold']],
  [SPACE_BEFORE_COLON, [BAD, 'whitespace between a header name and its colon']],
  [NO_COLON, [BAD, 'a header line without a colon']],
  [VALUE_CHARACTER, [BAD, 'a control character in a header value']],
  [HEAD_TOO_LARGE, [LARGE, 'more than 32768 bytes']],
  [TOO_MANY_FIELDS, [LARGE, 'more than 128 lines']],
  [TOO_MANY_OPTIONS, [LARGE, 'more than 64 options in Connection']],
  [LENGTH_TWICE, [BAD, 'Content-Length appears twice']],
  [LENGTH_SYNTAX, [BAD, 'Content-Length is not a decimal number']],
  [LENGTH_LEADING_ZERO, [BAD, 'Content-Length has leading zeros']],
  [LENGTH_TOO_LARGE, [BAD, 'Content-Length is above 2^53-1']],
  [LENGTH_AND_CODING, [BAD, 'Content-Length and Transfer-Encoding together']],
  [CODING_TWICE, [BAD, 'Transfer-Encoding appears twice']],
  [CODING_IN_HTTP10, [BAD, 'Transfer-Encoding in HTTP/1.0']],
  [CODING_SYNTAX, [BAD, 'Transfer-Encoding is not a plain list of codings']],
  [CODING_REPEATED, [BAD, 'the coding "chunked" is applied twice']],
  [CHUNKED_NOT_LAST, [BAD, 'the last transfer coding is not "chunked"']],
  [UNKNOWN_CODING, ['unsupported_coding', 'a transfer coding other than "chunked"']],
  [HOST_MISSING, [BAD, 'Host is missing']],
  [HOST_TWICE, [BAD, 'Host appears twice']],
  [HOST_EMPTY, [BAD, 'Host is empty']],
  [HOST_SYNTAX, [BAD, 'Host is not a host name with an optional port']],
  [HOST_PORT, [BAD, 'the port in Host is not a number up to 65535']],
  [CHUNK_SIZE_SYNTAX, [BAD, 'a chunk size is not a hexadecimal number']],
  [CHUNK_SIZE_ZEROS, [BAD, 'a chunk size has more than 8 leading zeros']],
  [CHUNK_SIZE_TOO_LARGE, [BAD, 'a chunk size is above 2^53-1']],
  [CHUNK_LINE_END, [BAD, 'a chunk size line does not end with CRLF']],
  [CHUNK_DATA_END, [BAD, 'no CRLF after the data of a chunk']],
  [CHUNK_EXTENSION_SYNTAX, [BAD, 'a chunk extension is malformed']],
  [CHUNK_EXTENSIONS_TOO_LARGE, [BAD, 'more than 4096 bytes of chunk extensions']],
  [TRAILER_FRAMING, [BAD, 'a field that frames the message comes behind its body']],
]);

/** The client-visible error of a parse failure; a caller that reads responses ignores it. */
export function errorCodeOf(kind: number): ErrorCode {
  return rowOf(kind)[0];
}

/** Names the broken rule in a few words. */
export function detailOf(kind: number): string {
  return rowOf(kind)[1];
}

/** All kinds, for tests that ask for completeness. */
export function parseErrorKinds(): number[] {
  return [...ROWS.keys()];
}

function rowOf(kind: number): readonly [code: ErrorCode, detail: string] {
  const found = ROWS.get(kind);
  if (found === undefined) throw new RangeError(`${kind} is not a parse error`);
  return found;
}
