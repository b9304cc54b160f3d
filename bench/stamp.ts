/**
 * The time stamp inside every SSE event: a JSON member of fixed width, so that the writer fills in
 * digits only and the reader finds it with one native indexOf.
 */
export const STAMP_MARK = '"at":1';
/** Leading 1 (a JSON number may not start with 0), then microseconds of CLOCK_MONOTONIC. */
export const STAMP_DIGITS = 15;

const MARK_BYTES = Buffer.from(STAMP_MARK);
const ASCII_ZERO = 48;
const LINE_FEED = 10;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Finds stamps in one stream however the bytes were split. `onStamp` is called once per event with
 * the stamp in µs.
 */
export class StampReader {
  #rest: Buffer = NOTHING;
  readonly #onStamp: (stampUs: number) => void;

  constructor(onStamp: (stampUs: number) => void) {
    this.#onStamp = onStamp;
  }

  /** `bytes` is only read during the call; what is needed later is copied. */
  push(bytes: Buffer): void {
    const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    let from = 0;
    for (;;) {
      const mark = all.indexOf(MARK_BYTES, from);
      if (mark < 0 || mark + MARK_BYTES.length + STAMP_DIGITS > all.length) break;
      from = mark + MARK_BYTES.length + STAMP_DIGITS;
      this.#onStamp(digitsAt(all, mark + MARK_BYTES.length));
    }
    this.#rest = unfinished(all, from);
  }
}

/**
 * Bytes that may hold the start of a stamp: the last few, unless an event has just ended there
 * (the last byte is a line feed), which is the usual case and copies nothing.
 */
function unfinished(all: Buffer, from: number): Buffer {
  const keepFrom = Math.max(from, all.length - MARK_BYTES.length - STAMP_DIGITS + 1);
  const tail = all.subarray(keepFrom);
  if (tail[tail.length - 1] === LINE_FEED) return NOTHING;
  return Buffer.from(tail);
}

function digitsAt(bytes: Buffer, start: number): number {
  let value = 0;
  for (let index = start; index < start + STAMP_DIGITS; index++) {
    value = value * 10 + bytes[index]! - ASCII_ZERO;
  }
  return value;
}
