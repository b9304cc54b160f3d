// HOT PATH — bench: bench/main.ts
/**
 * Bytes that a socket has not taken yet, oldest first, for transports whose socket keeps none.
 *
 * Invariant: `bytes` is the sum of what is queued. Pieces are not copied while they are large
 * parts of their buffer; a small rest of a large buffer is, so that it does not keep all of it.
 */
const SMALL_BYTES = 16 * 1024;
const JOINED_BYTES = 64 * 1024;
/** A piece keeps at most this many times its size alive. */
const MAX_WASTE = 4;
const NO_BYTES = Buffer.alloc(0);
const NONE: Uint8Array[] = [];

export class WriteQueue {
  bytes: number;
  /** The shared empty list until something is queued, so that an idle connection has none. */
  #pieces: Uint8Array[];
  #first: number;

  constructor() {
    this.bytes = 0;
    this.#pieces = NONE;
    this.#first = 0;
  }

  /** Queues what follows `from`. */
  push(bytes: Uint8Array, from: number): void {
    const size = bytes.length - from;
    if (size === 0) return;
    if (this.#pieces === NONE) this.#pieces = [];
    const rest = from === 0 ? bytes : bytes.subarray(from);
    const copy = size * MAX_WASTE < bytes.buffer.byteLength;
    this.#pieces.push(copy ? Buffer.from(rest) : rest);
    this.bytes += size;
  }

  /** The bytes to write next; small pieces are joined, for one call instead of many. */
  next(): Uint8Array {
    const pieces = this.#pieces;
    const first = this.#first;
    let size = pieces[first]!.length;
    if (size > SMALL_BYTES) return pieces[first]!;
    let end = first + 1;
    while (end < pieces.length && size + pieces[end]!.length <= JOINED_BYTES) {
      size += pieces[end]!.length;
      end++;
    }
    if (end === first + 1) return pieces[first]!;
    const joined = Buffer.allocUnsafeSlow(size);
    let at = 0;
    for (let i = first; i < end; i++) {
      joined.set(pieces[i]!, at);
      at += pieces[i]!.length;
      pieces[i] = NO_BYTES;
    }
    this.#first = end - 1;
    pieces[end - 1] = joined;
    return joined;
  }

  /** Removes so many bytes of what `next` returned. */
  taken(size: number): void {
    const piece = this.#pieces[this.#first]!;
    this.bytes -= size;
    if (size < piece.length) {
      this.#pieces[this.#first] = piece.subarray(size);
      return;
    }
    this.#pieces[this.#first] = NO_BYTES;
    this.#first++;
    if (this.#first === this.#pieces.length) this.clear();
  }

  clear(): void {
    this.#pieces = NONE;
    this.#first = 0;
    this.bytes = 0;
  }
}
