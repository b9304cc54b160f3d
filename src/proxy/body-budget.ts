/**
 * How much memory request bodies may hold, all exchanges of a worker together.
 *
 * A body is needed twice: whole, until it has been sent (the model's name may be its last bytes);
 * and after that only in case the attempt fails. Room is reserved before a body is read. When there
 * is none, the oldest bodies that were sent already are dropped: their exchanges go on, but cannot
 * be repeated. If that is not enough the client is not read from until others are done, first
 * come first served. Invariant: `usedBytes` is the sum of all reservations, and above the limit
 * only for a body that alone is larger, or for chunked bodies that outgrew their reservation.
 */
import { TOTAL_BODIES_DROPPED } from '../state/totals.ts';

/** Below this size bodies are not worth the accounting; exported for tests. */
export const UNCOUNTED_BYTES = 16 * 1024;
/** What a body of unknown length is given at first. */
export const CHUNKED_RESERVE_BYTES = 1024 * 1024;

export interface CountedBody {
  /** What the budget has reserved for it. */
  reservedBytes: number;
  /** Its bytes are given up: it can be sent no more. */
  drop(): void;
}

/** A connection whose body has no room yet. */
export interface BodyWaiter {
  onBodyRoom(): void;
}

interface Waiting {
  readonly body: CountedBody;
  readonly sizeBytes: number;
}

export class BodyBudget {
  #limitBytes: number;
  readonly #totals: Float64Array;
  readonly #droppable = new Set<CountedBody>();
  readonly #waiting = new Map<BodyWaiter, Waiting>();
  #lettingIn = false;
  usedBytes = 0;

  constructor(limitBytes: number, totals: Float64Array) {
    this.#limitBytes = limitBytes;
    this.#totals = totals;
  }

  /** A smaller limit takes nothing away; it holds for what comes. */
  setLimit(limitBytes: number): void {
    this.#limitBytes = limitBytes;
  }

  /** True: go on reading. False: `waiter.onBodyRoom` will say when. */
  reserve(body: CountedBody, sizeBytes: number, waiter: BodyWaiter): boolean {
    if (sizeBytes < UNCOUNTED_BYTES) return true;
    if (this.#waiting.size === 0 && this.#makeRoom(sizeBytes)) {
      this.#take(body, sizeBytes);
      return true;
    }
    this.#waiting.set(waiter, { body, sizeBytes });
    return false;
  }

  /** A body of unknown length has become this large. */
  grow(body: CountedBody, sizeBytes: number): void {
    const more = sizeBytes - body.reservedBytes;
    if (body.reservedBytes === 0 || more <= 0) return;
    this.#makeRoom(more);
    this.#take(body, sizeBytes);
  }

  /** The body was sent to its end; from here it is kept for a retry only. */
  sent(body: CountedBody): void {
    if (body.reservedBytes > 0) this.#droppable.add(body);
    this.#letInSoon();
  }

  /** The body is needed again, for another attempt. */
  resend(body: CountedBody): void {
    this.#droppable.delete(body);
  }

  /** The exchange needs the body no more. */
  release(body: CountedBody): void {
    if (body.reservedBytes === 0) return;
    this.#droppable.delete(body);
    this.usedBytes -= body.reservedBytes;
    body.reservedBytes = 0;
    this.#letInSoon();
  }

  /** The waiting connection is gone. */
  cancel(waiter: BodyWaiter): void {
    if (this.#waiting.delete(waiter)) this.#letInSoon();
  }

  #take(body: CountedBody, sizeBytes: number): void {
    this.usedBytes += sizeBytes - body.reservedBytes;
    body.reservedBytes = sizeBytes;
  }

  #makeRoom(sizeBytes: number): boolean {
    for (const body of this.#droppable) {
      if (this.usedBytes + sizeBytes <= this.#limitBytes) break;
      this.#droppable.delete(body);
      this.usedBytes -= body.reservedBytes;
      body.reservedBytes = 0;
      body.drop();
      this.#totals[TOTAL_BODIES_DROPPED]!++;
    }
    return this.usedBytes + sizeBytes <= this.#limitBytes || this.usedBytes === 0;
  }

  /** Later, not here: whoever frees room is in the middle of something of its own. */
  #letInSoon(): void {
    if (this.#waiting.size === 0 || this.#lettingIn) return;
    this.#lettingIn = true;
    queueMicrotask(this.#letIn);
  }

  readonly #letIn = (): void => {
    this.#lettingIn = false;
    for (const [waiter, { body, sizeBytes }] of this.#waiting) {
      if (!this.#makeRoom(sizeBytes)) return;
      this.#waiting.delete(waiter);
      this.#take(body, sizeBytes);
      waiter.onBodyRoom();
    }
  };
}
