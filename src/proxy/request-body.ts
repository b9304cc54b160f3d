// HOT PATH — bench: bench/main.ts
/**
 * The request body as it arrives: framing taken off, the `model` value found on the way, the
 * bytes kept, so that another attempt can send them again: in one piece where the length is known,
 * else as the spans they came in (no copy where the transport gives its chunks away).
 */
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BodyFraming } from '../http1/body-framing.ts';
import type { RequestHead } from '../http1/request-head.ts';
import { ModelField } from '../openai/model-field.ts';
import type { CountedBody } from './body-budget.ts';
import type { BodyPool } from './body-pool.ts';

const NO_SPANS: readonly Buffer[] = [];
const NO_BYTES = Buffer.alloc(0);
const SHORT_SPAN_BYTES = 4096;
/** From this size on memory comes from the system each time, which costs more than all else. */
const POOLED_BYTES = 4096;

/** Where a body's bytes come from and may be put. */
export interface BodySource {
  /** Chunks are lent: what is kept must be copied. */
  readonly lends: boolean;
  readonly pool: BodyPool;
}

export class RequestBody implements CountedBody {
  readonly framing: BodyFraming;
  readonly model: ModelField;
  readonly #maxBytes: number;
  readonly #lends: boolean;
  readonly #pool: BodyPool;
  /** Writes of the body that the kernel has not taken whole, as far as is known. */
  #unflushed: number;
  readonly #lengthBytes: number;
  /** The whole body, when its length is known and it is large or comes in pieces; fills up. */
  #whole: Buffer;
  /** The last span, while short ones are put together in it, and how far it is filled. */
  #tail: Buffer;
  #tailBytes: number;
  spans: Buffer[];
  sizeBytes: number;
  tooLarge: boolean;
  reservedBytes: number;
  /** Its bytes are here and can be sent (again). */
  held: boolean;
  /** It went to the present endpoint with a question for usage that is ours. */
  usageAsked: boolean;
  /** That question was left out, as the endpoint may not take it. */
  usageWithheld: boolean;
  /** An endpoint did not take it: no other one is asked. */
  usageRefused: boolean;

  constructor(head: RequestHead, maxBytes: number, from: BodySource) {
    this.framing = new BodyFraming();
    this.model = new ModelField();
    this.#maxBytes = maxBytes;
    this.#lends = from.lends;
    this.#pool = from.pool;
    this.#unflushed = 0;
    this.#lengthBytes = head.chunked ? -1 : head.contentLength;
    this.#whole = NO_BYTES;
    this.#tail = NO_BYTES;
    this.#tailBytes = 0;
    this.spans = NO_SPANS as Buffer[];
    this.sizeBytes = 0;
    this.tooLarge = head.contentLength > maxBytes;
    this.reservedBytes = 0;
    this.held = true;
    this.usageAsked = false;
    this.usageWithheld = false;
    this.usageRefused = false;
    if (head.chunked) this.framing.reset(BODY_CHUNKED, 0);
    else if (head.contentLength > 0) this.framing.reset(BODY_LENGTH, head.contentLength);
    else this.framing.reset(BODY_NONE, 0);
  }

  /**
   * Takes body bytes out of chunk[start, end) and returns where it stopped: at `end`, or earlier
   * when the body is done, broken (`framing.error`) or too large.
   */
  feed(chunk: Buffer, start: number, end: number): number {
    const framing = this.framing;
    let at = start;
    while (!framing.done && framing.error === 0 && at < end) {
      at = framing.next(chunk, at, end);
      if (framing.dataEnd > framing.dataStart) this.#keep(chunk);
      if (this.sizeBytes > this.#maxBytes) {
        this.tooLarge = true;
        return at;
      }
    }
    return at;
  }

  /** Forgets the bytes: from here no attempt can be repeated. */
  drop(): void {
    this.held = false;
    this.spans = NO_SPANS as Buffer[];
    // A buffer that a transport may still read from is left to the garbage collector.
    if (this.#whole.length > 0 && this.#unflushed === 0) this.#pool.give(this.#whole);
    this.#whole = NO_BYTES;
  }

  /** An attempt has handed the bytes to its transport. */
  sending(): void {
    this.#unflushed++;
  }

  /** That transport needs them no more. */
  flushed(): void {
    this.#unflushed--;
  }

  #keep(chunk: Buffer): void {
    const from = this.framing.dataStart;
    const to = this.framing.dataEnd;
    this.model.feed(chunk, from, to);
    const size = to - from;
    if (this.#whole.length > 0) {
      chunk.copy(this.#whole, this.sizeBytes, from, to);
    } else if (this.#lends && (size < this.#lengthBytes || this.#lengthBytes >= POOLED_BYTES)) {
      this.#whole = this.#pool.take(this.#lengthBytes);
      this.spans = [this.#whole.subarray(0, this.#lengthBytes)];
      chunk.copy(this.#whole, 0, from, to);
    } else if (size < SHORT_SPAN_BYTES && this.sizeBytes > 0) {
      this.#join(chunk, from, to);
    } else {
      const span = this.#lends ? copyOf(chunk, from, to) : chunk.subarray(from, to);
      // Most bodies come whole; the first push would make room for seventeen.
      if (this.spans === NO_SPANS) this.spans = [span];
      else this.spans.push(span);
      this.#tail = NO_BYTES;
      this.#tailBytes = 0;
    }
    this.sizeBytes += size;
  }

  /** Puts short spans together: a Buffer for each byte of a body would cost a hundred times it. */
  #join(chunk: Buffer, from: number, to: number): void {
    const size = to - from;
    if (this.#tailBytes + size > this.#tail.length) {
      this.#tail = Buffer.allocUnsafeSlow(SHORT_SPAN_BYTES);
      this.#tailBytes = 0;
      this.spans.push(this.#tail);
    }
    chunk.copy(this.#tail, this.#tailBytes, from, to);
    this.#tailBytes += size;
    this.spans[this.spans.length - 1] = this.#tail.subarray(0, this.#tailBytes);
  }
}

/** Without the view that Buffer.from would need, which costs as much as the copy. */
function copyOf(chunk: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  chunk.copy(copy, 0, from, to);
  return copy;
}
