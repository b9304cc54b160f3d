// HOT PATH
/**
 * Finds the data of a body, and its end, in the bytes of a connection, wherever they are cut.
 *
 * Invariant: every byte before the returned position belongs to this message and none behind it
 * does once `done` is set; after an `error` nothing more is consumed. A chunk line and a trailer
 * are held to the same rules as a head, byte by byte, so nothing is buffered or looked at twice.
 * Source: RFC 9112 §6.3, §7.1; PROTOCOL §1.8–9. bench: bench/head-parse.ts
 */
import { COLON, CR, EQUALS, HEX, LF, SEMICOLON, TOKEN, VALUE } from './bytes.ts';
import { lineStartError, nameEndError } from './field-lines.ts';
import { MAX_EXTENSION_BYTES, MAX_FIELDS, MAX_HEAD_BYTES } from './limits.ts';
import {
  BARE_CR,
  BARE_LF,
  CHUNK_DATA_END,
  CHUNK_EXTENSION_SYNTAX,
  CHUNK_EXTENSIONS_TOO_LARGE,
  CHUNK_LINE_END,
  CHUNK_SIZE_SYNTAX,
  CHUNK_SIZE_TOO_LARGE,
  CHUNK_SIZE_ZEROS,
  HEAD_TOO_LARGE,
  TOO_MANY_FIELDS,
  TRAILER_FRAMING,
  VALUE_CHARACTER,
} from './parse-error.ts';

// How the end of a body is found; RFC 9112 §6.3.
export const BODY_NONE = 0;
export const BODY_LENGTH = 1;
export const BODY_CHUNKED = 2;
/** Responses only: the sender closes the connection. */
export const BODY_UNTIL_CLOSE = 3;

// What the next byte belongs to.
const DONE = 0;
const FAILED = 1;
const DATA = 2;
const DATA_UNTIL_CLOSE = 3;
const SIZE_START = 4;
const SIZE = 5;
const SIZE_LF = 6;
const CHUNK_DATA = 7;
const DATA_CR = 8;
const DATA_LF = 9;
const EXTENSION_NAME_START = 10;
const EXTENSION_NAME = 11;
const EXTENSION_VALUE_START = 12;
const EXTENSION_VALUE = 13;
const EXTENSION_QUOTED = 14;
const EXTENSION_ESCAPE = 15;
const EXTENSION_QUOTED_END = 16;
const TRAILER_START = 17;
const TRAILER_NAME = 18;
const TRAILER_VALUE = 19;
const TRAILER_LF = 20;
const FINAL_LF = 21;

/** The fields that frame a message must not come behind its body; RFC 9110 §6.5.1. */
const LENGTH_NAME = Buffer.from('content-length');
const CODING_NAME = Buffer.from('transfer-encoding');
// Which of them the trailer's name may still turn out to be.
const MAYBE_LENGTH = 1;
const MAYBE_CODING = 2;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Leading zeros a chunk size may have; a size of zero is one digit more. */
const MAX_LEADING_ZEROS = 8;

export class BodyFraming {
  /** One span of body data in the buffer given to the last `next`; equal = none. */
  dataStart: number;
  dataEnd: number;
  /** The message ended at the position last returned. */
  done: boolean;
  /** 0 or a parse error; final. */
  error: number;
  /** Data bytes still to come, of the body or of the current chunk; -1 = until close. */
  remaining: number;
  #state: number;
  /** Zeros before the first other digit of the current chunk size. */
  #zeros: number;
  #extensionBytes: number;
  #trailerBytes: number;
  #trailerFields: number;
  #nameBytes: number;
  #nameMaybe: number;

  constructor() {
    this.dataStart = 0;
    this.dataEnd = 0;
    this.done = true;
    this.error = 0;
    this.remaining = 0;
    this.#state = DONE;
    this.#zeros = 0;
    this.#extensionBytes = 0;
    this.#trailerBytes = 0;
    this.#trailerFields = 0;
    this.#nameBytes = 0;
    this.#nameMaybe = 0;
  }

  /** Starts a body of one of BODY_*; `length` counts for BODY_LENGTH only. */
  reset(kind: number, length: number): void {
    this.dataStart = 0;
    this.dataEnd = 0;
    this.error = 0;
    this.remaining = kind === BODY_UNTIL_CLOSE ? -1 : kind === BODY_LENGTH ? length : 0;
    this.#zeros = 0;
    this.#extensionBytes = 0;
    this.#trailerBytes = 0;
    this.#trailerFields = 0;
    this.#state = startState(kind, length);
    this.done = this.#state === DONE;
  }

  /**
   * Consumes from [pos, end) up to the end of one span of data (and the line end behind a chunk,
   * when it is there), and returns the new position. Call until it reaches `end`, or `done`, or
   * `error`.
   */
  next(buf: Buffer, pos: number, end: number): number {
    this.dataStart = pos;
    this.dataEnd = pos;
    if (pos === end) return pos;
    switch (this.#state) {
      case DONE:
      case FAILED:
        return pos;
      case DATA:
        return this.#takeData(pos, end);
      case DATA_UNTIL_CLOSE:
        this.dataEnd = end;
        return end;
      default:
        return this.#takeChunked(buf, pos, end);
    }
  }

  /** The peer closed: whether the message may end here. */
  finish(): boolean {
    if (this.#state === DATA_UNTIL_CLOSE) {
      this.#state = DONE;
      this.done = true;
    }
    return this.done;
  }

  #takeData(pos: number, end: number): number {
    const size = Math.min(this.remaining, end - pos);
    this.dataEnd = pos + size;
    this.remaining -= size;
    if (this.remaining === 0) this.#complete();
    return pos + size;
  }

  #complete(): void {
    this.#state = DONE;
    this.done = true;
  }

  #fail(error: number, pos: number): number {
    this.#state = FAILED;
    this.error = error;
    return pos;
  }

  #takeChunked(buf: Buffer, start: number, end: number): number {
    let pos = start;
    while (pos < end) {
      const state = this.#state;
      if (state === CHUNK_DATA) {
        const size = Math.min(this.remaining, end - pos);
        this.dataStart = pos;
        this.dataEnd = pos + size;
        this.remaining -= size;
        pos += size;
        if (this.remaining > 0) return pos;
        this.#state = DATA_CR;
        continue;
      }
      const byte = buf[pos];
      const error = state <= DATA_LF ? this.#takeFrame(byte) : this.#takeRest(byte);
      if (error !== 0) return this.#fail(error, pos);
      pos++;
      if (this.done || state === DATA_LF) return pos;
    }
    return pos;
  }

  /** One byte of a chunk size line without extension, or of the line end behind the data. */
  #takeFrame(byte: number): number {
    switch (this.#state) {
      case SIZE_START:
      case SIZE:
        return this.#takeSize(byte);
      case SIZE_LF:
        if (byte !== LF) return CHUNK_LINE_END;
        this.#state = this.remaining > 0 ? CHUNK_DATA : TRAILER_START;
        return 0;
      case DATA_CR:
        if (byte !== CR) return CHUNK_DATA_END;
        this.#state = DATA_LF;
        return 0;
      default:
        if (byte !== LF) return CHUNK_DATA_END;
        this.#state = SIZE_START;
        return 0;
    }
  }

  #takeSize(byte: number): number {
    const digit = HEX[byte];
    if (digit < 16) {
      if (this.#state === SIZE_START) {
        this.#zeros = 0;
        this.remaining = 0;
      }
      this.#state = SIZE;
      if (this.remaining === 0) return this.#takeLeadingDigit(digit);
      const size = this.remaining * 16 + digit;
      if (size > Number.MAX_SAFE_INTEGER) return CHUNK_SIZE_TOO_LARGE;
      this.remaining = size;
      return 0;
    }
    if (this.#state === SIZE_START) return CHUNK_SIZE_SYNTAX;
    if (byte === CR) {
      this.#state = SIZE_LF;
      return 0;
    }
    if (byte === LF) return CHUNK_LINE_END;
    if (byte !== SEMICOLON) return CHUNK_SIZE_SYNTAX;
    this.#state = EXTENSION_NAME_START;
    return this.#countExtensionByte();
  }

  #takeLeadingDigit(digit: number): number {
    if (digit === 0) {
      if (++this.#zeros > MAX_LEADING_ZEROS + 1) return CHUNK_SIZE_ZEROS;
      return 0;
    }
    if (this.#zeros > MAX_LEADING_ZEROS) return CHUNK_SIZE_ZEROS;
    this.remaining = digit;
    return 0;
  }

  #countExtensionByte(): number {
    return ++this.#extensionBytes > MAX_EXTENSION_BYTES ? CHUNK_EXTENSIONS_TOO_LARGE : 0;
  }

  #takeRest(byte: number): number {
    return this.#state >= TRAILER_START ? this.#takeTrailer(byte) : this.#takeExtension(byte);
  }

  /** Names and values as RFC 9112 §7.1.1, without the "bad" whitespace it lets senders add. */
  #takeExtension(byte: number): number {
    switch (this.#state) {
      case EXTENSION_NAME_START:
        if (TOKEN[byte] === 0) return CHUNK_EXTENSION_SYNTAX;
        this.#state = EXTENSION_NAME;
        break;
      case EXTENSION_NAME:
        if (byte === EQUALS) this.#state = EXTENSION_VALUE_START;
        else if (TOKEN[byte] === 0) return this.#endExtension(byte);
        break;
      case EXTENSION_VALUE_START:
        if (byte !== QUOTE && TOKEN[byte] === 0) return CHUNK_EXTENSION_SYNTAX;
        this.#state = byte === QUOTE ? EXTENSION_QUOTED : EXTENSION_VALUE;
        break;
      case EXTENSION_VALUE:
        if (TOKEN[byte] === 0) return this.#endExtension(byte);
        break;
      case EXTENSION_QUOTED:
        if (VALUE[byte] === 0) return CHUNK_EXTENSION_SYNTAX;
        if (byte === QUOTE) this.#state = EXTENSION_QUOTED_END;
        else if (byte === BACKSLASH) this.#state = EXTENSION_ESCAPE;
        break;
      case EXTENSION_ESCAPE:
        if (VALUE[byte] === 0) return CHUNK_EXTENSION_SYNTAX;
        this.#state = EXTENSION_QUOTED;
        break;
      default:
        return this.#endExtension(byte);
    }
    return this.#countExtensionByte();
  }

  #endExtension(byte: number): number {
    if (byte === CR) {
      this.#state = SIZE_LF;
      return 0;
    }
    if (byte === LF) return CHUNK_LINE_END;
    if (byte !== SEMICOLON) return CHUNK_EXTENSION_SYNTAX;
    this.#state = EXTENSION_NAME_START;
    return this.#countExtensionByte();
  }

  #takeTrailer(byte: number): number {
    if (++this.#trailerBytes > MAX_HEAD_BYTES) return HEAD_TOO_LARGE;
    switch (this.#state) {
      case TRAILER_START:
        return this.#startTrailerLine(byte);
      case TRAILER_NAME:
        if (byte === COLON) return this.#endTrailerName();
        if (TOKEN[byte] === 0) return nameEndError(byte);
        this.#takeTrailerName(byte);
        return 0;
      case TRAILER_VALUE:
        if (VALUE[byte] === 1) return 0;
        if (byte !== CR) return byte === LF ? BARE_LF : VALUE_CHARACTER;
        this.#state = TRAILER_LF;
        return 0;
      case TRAILER_LF:
        if (byte !== LF) return BARE_CR;
        this.#state = TRAILER_START;
        return 0;
      default:
        if (byte !== LF) return BARE_CR;
        this.#complete();
        return 0;
    }
  }

  #startTrailerLine(byte: number): number {
    if (byte === CR) {
      this.#state = FINAL_LF;
      return 0;
    }
    if (this.#trailerFields === MAX_FIELDS) return TOO_MANY_FIELDS;
    if (TOKEN[byte] === 0) return lineStartError(byte, this.#trailerFields > 0);
    this.#trailerFields++;
    this.#state = TRAILER_NAME;
    this.#nameBytes = 0;
    this.#nameMaybe = MAYBE_LENGTH | MAYBE_CODING;
    this.#takeTrailerName(byte);
    return 0;
  }

  /** Of the token bytes only letters fold onto letters, and none folds onto the hyphen. */
  #takeTrailerName(byte: number): void {
    const folded = byte | 0x20;
    const at = this.#nameBytes++;
    if (LENGTH_NAME[at] !== folded) this.#nameMaybe &= ~MAYBE_LENGTH;
    if (CODING_NAME[at] !== folded) this.#nameMaybe &= ~MAYBE_CODING;
  }

  #endTrailerName(): number {
    this.#state = TRAILER_VALUE;
    const { length } = (this.#nameMaybe & MAYBE_LENGTH) !== 0 ? LENGTH_NAME : CODING_NAME;
    return this.#nameMaybe !== 0 && this.#nameBytes === length ? TRAILER_FRAMING : 0;
  }
}

function startState(kind: number, length: number): number {
  if (kind === BODY_CHUNKED) return SIZE_START;
  if (kind === BODY_UNTIL_CLOSE) return DATA_UNTIL_CLOSE;
  return kind === BODY_NONE || length === 0 ? DONE : DATA;
}
