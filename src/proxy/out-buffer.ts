// HOT PATH — bench: bench/main.ts
/**
 * Where an answer is composed before it is written: one buffer a worker, body bytes in the
 * middle, chunk header and head put in front of them once their length is known, so head and
 * body leave in one write.
 *
 *     [        head ← | chunk size ← ][ body … → ][ CRLF, last chunk ]
 *     0                              BODY_AT     end
 *
 * A transport that could not write everything at once still reads from the buffer; its owner
 * then takes a new one (`DataPlane.send`).
 */
const BODY_AT = 40 * 1024;
const ROOM_BYTES = 64 * 1024 + 64;
/** Shorter bodies behind a chunk header alone share their views. */
const SHARED_VIEW_BYTES = 4096;
const MAX_CHUNK_HEADER_BYTES = 8;
const HEX = Buffer.from('0123456789abcdef');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const CR = 13;
const LF = 10;

export class OutBuffer {
  bytes: Buffer;
  /** Views by place and length: most events are as long as an earlier one, and cost none. */
  readonly #views = new Map<number, Buffer>();
  begin: number;
  end: number;

  constructor() {
    this.bytes = Buffer.allocUnsafeSlow(BODY_AT + ROOM_BYTES);
    this.begin = BODY_AT;
    this.end = BODY_AT;
  }

  reset(): void {
    this.begin = BODY_AT;
    this.end = BODY_AT;
  }

  /** Body bytes so far. */
  bodyBytes(): number {
    return this.end - BODY_AT;
  }

  /** Where the body begins in `bytes`. */
  bodyAt(): number {
    return BODY_AT;
  }

  append(from: Buffer, start: number, end: number): void {
    const size = end - start;
    if (this.end + size + LAST_CHUNK.length + 2 > this.bytes.length) this.#grow(size);
    from.copy(this.bytes, this.end, start, end);
    this.end += size;
  }

  /** Cuts the body off after `size` bytes. */
  truncate(size: number): void {
    this.end = BODY_AT + size;
  }

  /** Takes body bytes out from the middle; offsets in `bytes`. */
  remove(from: number, to: number): void {
    this.bytes.copyWithin(from, to, this.end);
    this.end -= to - from;
  }

  /** Frames the body as one chunk (RFC 9112 §7.1); an empty body is no chunk. */
  frameChunk(): void {
    let size = this.end - this.begin;
    if (size === 0) return;
    const bytes = this.bytes;
    bytes[this.end++] = CR;
    bytes[this.end++] = LF;
    bytes[--this.begin] = LF;
    bytes[--this.begin] = CR;
    do {
      bytes[--this.begin] = HEX[size & 15]!;
      size >>>= 4;
    } while (size !== 0);
  }

  /** Ends a chunked message. */
  lastChunk(): void {
    LAST_CHUNK.copy(this.bytes, this.end);
    this.end += LAST_CHUNK.length;
  }

  prepend(from: Buffer, length: number): void {
    this.begin -= length;
    from.copy(this.bytes, this.begin, 0, length);
  }

  view(): Buffer {
    const header = BODY_AT - this.begin;
    const size = this.end - BODY_AT;
    if (header > MAX_CHUNK_HEADER_BYTES || size > SHARED_VIEW_BYTES) {
      return this.bytes.subarray(this.begin, this.end);
    }
    const place = size * (MAX_CHUNK_HEADER_BYTES + 1) + header;
    let view = this.#views.get(place);
    if (view === undefined) {
      view = this.bytes.subarray(this.begin, this.end);
      this.#views.set(place, view);
    }
    return view;
  }

  #grow(size: number): void {
    const bytes = Buffer.allocUnsafeSlow((this.end + size) * 2);
    this.bytes.copy(bytes, 0, 0, this.end);
    this.bytes = bytes;
    this.#views.clear();
  }
}
