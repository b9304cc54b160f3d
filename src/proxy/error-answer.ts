/**
 * An error answer while it is read: kept whole up to a bound, so that it can be saved for the
 * client while another endpoint is tried.
 */
import { BodyFraming } from '../http1/body-framing.ts';
import { FIELD_RETRY_AFTER, FIELD_X_SHOULD_RETRY, fieldIndex } from '../http1/fields.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import type { SavedAnswer } from './exchange-view.ts';
import { MAX_SAVED_BYTES } from './saved-answer.ts';

const QUEUE_FULL = /queue (is )?full/i;

export class ErrorAnswer {
  readonly #status: number;
  readonly #head: Buffer;
  readonly #hasRetryAfter: boolean;
  readonly #saysWhetherToRetry: boolean;
  readonly #framing = new BodyFraming();
  readonly #parts: Buffer[] = [];
  #sizeBytes = 0;
  readonly keepAliveTimeoutMs: number;
  readonly #keepAlive: boolean;
  /** It was ended by closing, or bytes came after its end: the connection is of no more use. */
  #spent = false;

  /** `head`: status line and fields as they will go to the client. */
  constructor(answer: ResponseHead, head: Buffer) {
    this.#status = answer.status;
    this.#head = head;
    this.#hasRetryAfter = fieldIndex(answer, FIELD_RETRY_AFTER) >= 0;
    this.#saysWhetherToRetry = fieldIndex(answer, FIELD_X_SHOULD_RETRY) >= 0;
    this.#keepAlive = answer.keepAlive;
    this.keepAliveTimeoutMs = answer.keepAliveTimeoutMs;
    this.#framing.reset(answer.bodyKind(false), Math.max(0, answer.contentLength));
  }

  get done(): boolean {
    return this.#framing.done;
  }

  /** It will never be complete, or is larger than what is kept. */
  get broken(): boolean {
    return this.#framing.error !== 0 || this.#sizeBytes > MAX_SAVED_BYTES;
  }

  /** Its connection may carry another request. */
  get reusable(): boolean {
    return this.#framing.done && this.#keepAlive && !this.#spent;
  }

  onBytes(chunk: Buffer, start: number, end: number): void {
    const framing = this.#framing;
    let at = start;
    while (at < end && !framing.done && framing.error === 0) {
      at = framing.next(chunk, at, end);
      if (framing.dataEnd > framing.dataStart) {
        this.#parts.push(Buffer.from(chunk.subarray(framing.dataStart, framing.dataEnd)));
        this.#sizeBytes += framing.dataEnd - framing.dataStart;
      }
    }
    this.#spent = at < end;
  }

  /** The endpoint closed: true when that was the legal end of the body. */
  finish(): boolean {
    this.#spent = true;
    return this.#framing.finish();
  }

  /** Some engines say "busy" with a 500. */
  saysQueueFull(): boolean {
    return this.#status === 500 && QUEUE_FULL.test(Buffer.concat(this.#parts).toString('latin1'));
  }

  saved(complete: boolean): SavedAnswer {
    return {
      status: this.#status,
      head: this.#head,
      body: complete ? Buffer.concat(this.#parts) : undefined,
      hasRetryAfter: this.#hasRetryAfter,
      saysWhetherToRetry: this.#saysWhetherToRetry,
    };
  }
}
