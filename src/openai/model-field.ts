// HOT PATH
/**
 * Finds the top-level `model` string, `stream: true`, and where `stream_options` stands, in a JSON
 * body while its bytes arrive,
 * without parsing JSON: nothing but keys at depth 1 and the model's value is ever looked at.
 *
 * Invariant: for every valid JSON document, cut into chunks anywhere, the result is that of
 * JSON.parse — only keys of the outermost object count, escapes in keys and value are understood,
 * the last duplicate wins. For what is not JSON the result is unspecified but harmless: nothing
 * throws, and an engine will refuse the document. Grammar: RFC 8259.
 *
 * Speed: `model` often follows megabytes of base64. Strings are left through native indexOf for
 * the quote; whether it is escaped is the parity of the backslashes before it.
 *
 * bench: bench/model-field.ts
 */

import { closingQuote, STRING_OPEN_ESCAPED } from './closing-quote.ts';
import { decodeString, isLiteral, isSpace, spells } from './json-bytes.ts';

export const MODEL_SEARCHING = 0;
export const MODEL_FOUND = 1;
/** The document has no `model`, or one that is not a non-empty string. */
export const MODEL_ABSENT = 2;
/** Not a JSON document, or a model name beyond all reason. */
export const MODEL_INVALID = 3;

/** Raw bytes between the quotes; exported for tests. */
export const MAX_MODEL_BYTES = 4096;

/** Where the scan stands. Up to AFTER_VALUE one byte decides; the others run over many. */
const BEFORE = 0;
const FIRST_KEY = 1;
const NEXT_KEY = 2;
const COLON = 3;
const VALUE = 4;
const AFTER_VALUE = 5;
const DONE = 6;
const IN_KEY = 7;
const IN_MODEL = 8;
const IN_STRING = 9;
const IN_LITERAL = 10;
const NESTED = 11;
const IN_NESTED_STRING = 12;
const STOPPED = 13;

const KEY_OTHER = 0;
const KEY_MODEL = 1;
const KEY_STREAM = 2;
const KEY_OPTIONS = 3;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** `stream_options` with every letter as an escape of six bytes; a longer key is none of ours. */
const MAX_KEY_BYTES = 84;

const MODEL_NAME = Buffer.from('model');
const STREAM_NAME = Buffer.from('stream');
const OPTIONS_NAME = Buffer.from('stream_options');
const TRUE = Buffer.from('true');
const NOTHING = Buffer.alloc(0);

export class ModelField {
  /** Provisional (SEARCHING or FOUND, a later duplicate may win) until `finish`. */
  status = MODEL_SEARCHING;
  /** The decoded name; meaningful while FOUND, else empty. */
  value = '';
  /** Body offsets of the raw value from its opening quote to just after the closing one; or -1. */
  valueStart = -1;
  valueEnd = -1;
  /** The document asks for `"stream": true`. */
  streamRequested = false;
  /** Body offset just after the document's opening brace; 0 = it has none. */
  firstKeyAt = 0;
  /** Body offsets of the value of `stream_options`, -1 = absent; without an end it is a string. */
  optionsStart = -1;
  optionsEnd = -1;

  #state = BEFORE;
  /** Brackets open within the outermost object. */
  #depth = 0;
  /** The next byte of a string is escaped by the last byte of the previous chunk. */
  #escaped = false;
  /** Body offset of the chunk's buffer index 0. */
  #base = 0;
  #consumed = 0;
  /** The bytes of a key that began in an earlier chunk; made on first need. */
  #key: Buffer = NOTHING;
  /** May exceed what #key holds. */
  #keyLength = 0;
  #keyKind = KEY_OTHER;
  /** Bytes of `true` matched so far; -1 = another literal. */
  #matched = 0;
  /** The bytes of a model value that began in an earlier chunk; made on first need. */
  #held: Buffer = NOTHING;
  #heldLength = 0;

  reset(): void {
    this.status = MODEL_SEARCHING;
    this.#forget();
    this.streamRequested = false;
    this.firstKeyAt = 0;
    this.optionsStart = -1;
    this.optionsEnd = -1;
    this.#state = BEFORE;
    this.#depth = 0;
    this.#escaped = false;
    this.#base = 0;
    this.#consumed = 0;
    this.#keyLength = 0;
    this.#keyKind = KEY_OTHER;
    this.#matched = 0;
    this.#heldLength = 0;
  }

  /** The next bytes of the body: `chunk[start … end)`, valid during the call only. */
  feed(chunk: Buffer, start: number, end: number): void {
    this.#base = this.#consumed - start;
    this.#consumed += end - start;
    let i = start;
    while (i < end) {
      switch (this.#state) {
        case IN_KEY:
          i = this.#inKey(chunk, i, end);
          break;
        case IN_MODEL:
          i = this.#inModel(chunk, i, end);
          break;
        case IN_STRING: {
          const quote = this.#closingQuote(chunk, i, end);
          if (quote === -1) return;
          this.#state = AFTER_VALUE;
          i = quote + 1;
          break;
        }
        case IN_LITERAL:
          i = this.#inLiteral(chunk, i, end);
          break;
        case NESTED:
        case IN_NESTED_STRING:
          i = this.#nested(chunk, i, end);
          break;
        case STOPPED:
          return;
        default:
          if (!isSpace(chunk[i])) this.#structure(chunk[i], this.#base + i);
          i += 1;
      }
    }
  }

  /** The body is complete: makes the status final. */
  finish(): void {
    if (this.#state === STOPPED) return;
    if (this.#state !== DONE) this.#stop(MODEL_INVALID);
    else if (this.status === MODEL_SEARCHING) this.#stop(MODEL_ABSENT);
  }

  /** One byte at depth 0 or 1 that is no whitespace and in no string or literal. */
  #structure(byte: number, offset: number): void {
    switch (this.#state) {
      case BEFORE:
        if (byte === OPEN_BRACE) {
          this.#state = FIRST_KEY;
          this.firstKeyAt = offset + 1;
        }
        // An array, a string, a number: it may be JSON, but without a key.
        else
          this.#stop(
            byte === QUOTE || byte === 0x5b || isLiteral(byte) ? MODEL_ABSENT : MODEL_INVALID,
          );
        return;
      case FIRST_KEY:
      case NEXT_KEY:
        if (byte === QUOTE) {
          this.#keyLength = 0;
          this.#state = IN_KEY;
        } else if (byte === CLOSE_BRACE && this.#state === FIRST_KEY) this.#state = DONE;
        else this.#stop(MODEL_INVALID);
        return;
      case COLON:
        if (byte === 0x3a) this.#state = VALUE;
        else this.#stop(MODEL_INVALID);
        return;
      case VALUE:
        this.#startValue(byte, offset);
        return;
      case AFTER_VALUE:
        if (byte === COMMA) this.#state = NEXT_KEY;
        else if (byte === CLOSE_BRACE) this.#state = DONE;
        else this.#stop(MODEL_INVALID);
        return;
      default:
        this.#stop(MODEL_INVALID);
    }
  }

  #startValue(byte: number, offset: number): void {
    if (this.#keyKind === KEY_MODEL) this.#forget();
    else if (this.#keyKind === KEY_STREAM) this.streamRequested = false;
    else if (this.#keyKind === KEY_OPTIONS) {
      this.optionsStart = offset;
      this.optionsEnd = -1;
    }
    if (byte === QUOTE) {
      if (this.#keyKind === KEY_MODEL) {
        this.valueStart = offset;
        this.#heldLength = 0;
        this.#state = IN_MODEL;
      } else this.#state = IN_STRING;
    } else if ((byte | 0x20) === OPEN_BRACE) {
      this.#depth = 1;
      this.#state = NESTED;
    } else if (isLiteral(byte)) {
      this.#matched = byte === TRUE[0] ? 1 : -1;
      this.#state = IN_LITERAL;
    } else this.#stop(MODEL_INVALID);
  }

  #inKey(chunk: Buffer, from: number, end: number): number {
    const quote = this.#closingQuote(chunk, from, end);
    if (quote === -1 || this.#keyLength > 0) {
      this.#holdKey(chunk, from, quote === -1 ? end : quote);
      if (quote === -1) return end;
      const whole = this.#keyLength <= MAX_KEY_BYTES;
      this.#keyKind = whole ? kindOfKey(this.#key, 0, this.#keyLength) : KEY_OTHER;
    } else {
      this.#keyKind = kindOfKey(chunk, from, quote);
    }
    this.#state = COLON;
    return quote + 1;
  }

  /** The key goes on in the next chunk, or began in an earlier one. */
  #holdKey(chunk: Buffer, from: number, stop: number): void {
    if (this.#key.length === 0) this.#key = Buffer.allocUnsafe(MAX_KEY_BYTES);
    let at = this.#keyLength;
    for (let i = from; i < stop && at < MAX_KEY_BYTES; i++) this.#key[at++] = chunk[i];
    this.#keyLength += stop - from;
  }

  #inModel(chunk: Buffer, from: number, end: number): number {
    const quote = this.#closingQuote(chunk, from, end);
    const stop = quote === -1 ? end : quote;
    if (this.#heldLength + stop - from > MAX_MODEL_BYTES) {
      this.#stop(MODEL_INVALID);
      return end;
    }
    if (quote !== -1 && this.#heldLength === 0) this.#take(chunk, from, quote);
    else {
      if (this.#held.length === 0) this.#held = Buffer.allocUnsafe(MAX_MODEL_BYTES);
      this.#heldLength += chunk.copy(this.#held, this.#heldLength, from, stop);
      if (quote === -1) return end;
      this.#take(this.#held, 0, this.#heldLength);
    }
    if (this.#state === STOPPED) return end;
    this.valueEnd = this.#base + quote + 1;
    this.#state = AFTER_VALUE;
    return quote + 1;
  }

  /** Decodes a complete raw value. Once a document, as a rule. */
  #take(buf: Buffer, from: number, to: number): void {
    const text = decodeString(buf, from, to);
    if (text === undefined) this.#stop(MODEL_INVALID);
    else if (text.length > 0) {
      this.value = text;
      this.status = MODEL_FOUND;
    }
  }

  /** Numbers, true, false, null at depth 1. */
  #inLiteral(chunk: Buffer, from: number, end: number): number {
    let i = from;
    while (i < end) {
      const byte = chunk[i];
      if (byte === COMMA || byte === CLOSE_BRACE || isSpace(byte)) {
        if (this.#keyKind === KEY_STREAM) this.streamRequested = this.#matched === TRUE.length;
        else if (this.#keyKind === KEY_OPTIONS) this.optionsEnd = this.#base + i;
        this.#state = AFTER_VALUE;
        return i;
      }
      if (!isLiteral(byte)) {
        this.#stop(MODEL_INVALID);
        return end;
      }
      const expected = this.#matched >= 0 && byte === TRUE[this.#matched];
      this.#matched = expected ? this.#matched + 1 : -1;
      i += 1;
    }
    return end;
  }

  /** Inside a value with brackets: nothing counts but strings and the depth. */
  #nested(chunk: Buffer, from: number, end: number): number {
    let i = from;
    let depth = this.#depth;
    let inString = this.#state === IN_NESTED_STRING;
    while (i < end) {
      if (inString) {
        const quote = this.#closingQuote(chunk, i, end);
        if (quote === -1) {
          i = end;
          break;
        }
        inString = false;
        i = quote + 1;
        continue;
      }
      const byte = chunk[i++];
      if (byte === QUOTE) inString = true;
      // '[' and '{' differ in one bit, and so do ']' and '}'.
      else if ((byte | 0x20) === OPEN_BRACE) depth += 1;
      else if ((byte | 0x20) === CLOSE_BRACE) {
        depth -= 1;
        if (depth === 0) {
          this.#state = AFTER_VALUE;
          if (this.#keyKind === KEY_OPTIONS) this.optionsEnd = this.#base + i;
          return i;
        }
      }
    }
    this.#depth = depth;
    this.#state = inString ? IN_NESTED_STRING : NESTED;
    return i;
  }

  /** Index of the quote that ends the string `from` is in, or -1 when it lies beyond `end`. */
  #closingQuote(chunk: Buffer, from: number, end: number): number {
    const quote = closingQuote(chunk, this.#escaped ? from + 1 : from, end);
    this.#escaped = quote === STRING_OPEN_ESCAPED;
    return quote < 0 ? -1 : quote;
  }

  #forget(): void {
    this.value = '';
    this.valueStart = -1;
    this.valueEnd = -1;
    if (this.status === MODEL_FOUND) this.status = MODEL_SEARCHING;
  }

  #stop(status: number): void {
    this.#forget();
    this.status = status;
    this.#state = STOPPED;
  }
}

function kindOfKey(raw: Buffer, from: number, to: number): number {
  if (to - from > MAX_KEY_BYTES) return KEY_OTHER;
  if (spells(raw, from, to, MODEL_NAME)) return KEY_MODEL;
  if (spells(raw, from, to, STREAM_NAME)) return KEY_STREAM;
  return spells(raw, from, to, OPTIONS_NAME) ? KEY_OPTIONS : KEY_OTHER;
}
