/**
 * The heads of answers. A server says the same again and again, but for a date once a second, and
 * comparing bytes costs a third of parsing them.
 *
 * Invariant: `head` and `endpoint` belong to the last head that `read` returned a size for.
 */
import { parseResponseHead, ResponseHead } from '../../http1/response-head.ts';
import { endpointOf } from './endpoint-name.ts';

/** Longer heads are parsed each time. */
const MAX_KEPT_BYTES = 1024;
/** After so many in a row that are not alike (they carry a number each) nothing is compared. */
const MAX_MISSES = 64;

export class AnswerHeads {
  readonly head: ResponseHead;
  /** What the router said which endpoint it was; '' = nothing. */
  endpoint: string;
  readonly #kept: Buffer;
  #keptLength: number;
  /** Where it stood: `head` has places in the buffer. */
  #start: number;
  #misses: number;

  constructor() {
    this.head = new ResponseHead();
    this.endpoint = '';
    this.#kept = Buffer.allocUnsafeSlow(MAX_KEPT_BYTES);
    this.#keptLength = 0;
    this.#start = 0;
    this.#misses = 0;
  }

  /** As `parseResponseHead`: its size, 0 when it is not whole, negative when it is broken. */
  read(buf: Buffer, start: number, end: number): number {
    const length = this.#keptLength;
    if (
      length > 0 &&
      start === this.#start &&
      end - start >= length &&
      buf.compare(this.#kept, 0, length, start, start + length) === 0
    ) {
      this.#misses = 0;
      return length;
    }
    const size = parseResponseHead(buf, start, end, this.head);
    this.#keptLength = 0;
    if (size <= 0) return size;
    this.endpoint = endpointOf(buf, this.head);
    if (size <= MAX_KEPT_BYTES && this.#misses < MAX_MISSES) {
      this.#misses++;
      buf.copy(this.#kept, 0, start, start + size);
      this.#keptLength = size;
      this.#start = start;
    }
    return size;
  }
}
