// HOT PATH — bench: bench/main.ts
/**
 * Buffers for request bodies, used again and again: a body that is allocated and thrown away with
 * every request makes the garbage collector run all the time and the kernel clear every page anew,
 * which doubled the cost of a request of 25 KB.
 *
 * Invariant: a buffer that was given back is read by nobody. Sizes are powers of two, so that
 * bodies of different sizes share; at most `maxIdleBytes` are kept.
 */
const SMALLEST_BITS = 12;
const LARGEST_BITS = 26;

export class BodyPool {
  readonly #maxIdleBytes: number;
  /** Idle buffers by the power of two of their size. */
  readonly #idle: Buffer[][] = [];
  #idleBytes = 0;

  constructor(maxIdleBytes: number) {
    this.#maxIdleBytes = maxIdleBytes;
    for (let bits = 0; bits <= LARGEST_BITS; bits++) this.#idle.push([]);
  }

  /** A buffer of at least `sizeBytes`; what is in it is rubbish. */
  take(sizeBytes: number): Buffer {
    const bits = bitsOf(sizeBytes);
    if (bits > LARGEST_BITS) return Buffer.allocUnsafeSlow(sizeBytes);
    const kept = this.#idle[bits]!.pop();
    if (kept === undefined) return Buffer.allocUnsafeSlow(2 ** bits);
    this.#idleBytes -= kept.length;
    return kept;
  }

  /** Takes back what `take` gave. */
  give(buffer: Buffer): void {
    const bits = bitsOf(buffer.length);
    if (bits > LARGEST_BITS || this.#idleBytes + buffer.length > this.#maxIdleBytes) return;
    this.#idle[bits]!.push(buffer);
    this.#idleBytes += buffer.length;
  }
}

/** The power of two that holds `sizeBytes`. */
function bitsOf(sizeBytes: number): number {
  return Math.max(SMALLEST_BITS, 32 - Math.clz32(sizeBytes - 1));
}
