// HOT PATH — bench: bench/main.ts
/**
 * One client connection: finds the requests in its bytes, runs them one after the other, and
 * decides when the connection ends (RFC 9112 §9).
 *
 *     IDLE → HEAD → BODY → BUSY → IDLE …        → LINGER → closed
 *
 * Pipelined bytes wait until the exchange before them is over. An early error is answered, our
 * side closed, and what still arrives is read and thrown away for a while, so that the client
 * gets to read the answer instead of a reset.
 */
import type { ErrorCode } from '../core/errors.ts';
import type { DecisionRecord } from '../core/request-record.ts';
import { detailOf, errorCodeOf } from '../http1/parse-error.ts';
import { METHOD_HEAD, parseRequestHead } from '../http1/request-head.ts';
import { type TimerOwner, WheelTimer } from '../net/timer-wheel.ts';
import type { Transport, TransportHandler } from '../net/transport.ts';
import { TOTAL_REJECTED } from '../state/totals.ts';
import { type BodyWaiter, CHUNKED_RESERVE_BYTES } from './body-budget.ts';
import { Exchange } from './exchange.ts';
import type { Client } from './exchange-view.ts';
import { HalfClose } from './half-close.ts';
import { openExchange } from './open-exchange.ts';
import { keepOwnRecord } from './own-record.ts';
import type { DataPlane } from './plane.ts';
import { errorAnswer, type OwnAnswer, serializeAnswer } from './reject.ts';
import { givenRequestId } from './request-fields.ts';

const IDLE = 0;
const HEAD = 1;
const BODY = 2;
const BUSY = 3;
const LINGER = 4;
const CLOSED = 5;
/** The body may not be read yet: there is no memory for it. */
const NO_ROOM = 6;
/** Answered; the next request is here already and waits for a turn of the event loop. */
const NEXT = 7;

const TIMER_IDLE = 1;
const TIMER_HEAD = 2;
const TIMER_BODY = 3;
const TIMER_LINGER = 4;

const LINGER_MS = 2_000;
const LINGER_BYTES = 1024 * 1024;
/** Pipelined bytes kept while an exchange runs; beyond that reading stops. */
const MAX_PENDING_BYTES = 64 * 1024;
/** Answers to pipelined requests that the client leaves unread before reading stops. */
const MAX_UNREAD_BYTES = 256 * 1024;
const NO_BYTES = Buffer.alloc(0);
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

export class Downstream implements BodyWaiter, Client, TransportHandler, TimerOwner {
  readonly plane: DataPlane;
  readonly transport: Transport;
  /** For the connection's own waits; the exchange has timers of its own. */
  readonly #timer: WheelTimer;
  readonly #halfClose: HalfClose;
  #phase: number;
  /** It has not had an answer: its first request may be on its way. */
  #isFresh: boolean;
  #pending: Buffer;
  #exchange: Exchange | undefined;
  #lingered: number;
  #ended: boolean;
  #queuedBefore: number;
  #continueWanted: boolean;
  minor: number;
  keepAlive: boolean;

  readonly #onGone: (downstream: Downstream) => void;

  constructor(plane: DataPlane, transport: Transport, onGone: (downstream: Downstream) => void) {
    this.#onGone = onGone;
    this.plane = plane;
    this.transport = transport;
    this.#timer = new WheelTimer(this);
    this.#halfClose = new HalfClose(transport);
    this.#phase = IDLE;
    this.#isFresh = true;
    this.#pending = NO_BYTES;
    this.#exchange = undefined;
    this.#lingered = 0;
    this.#ended = false;
    this.#queuedBefore = 0;
    this.#continueWanted = false;
    this.minor = 1;
    this.keepAlive = true;
    plane.wheel.arm(this.#timer, TIMER_HEAD, plane.options.requestHeadMs);
  }

  onConnect(): void {}

  onBytes(chunk: Buffer, start: number, end: number): void {
    if (this.#pending.length === 0) {
      this.#process(chunk, start, end);
    } else {
      const bytes = Buffer.concat([this.#pending, chunk.subarray(start, end)]);
      this.#pending = NO_BYTES;
      this.#process(bytes, 0, bytes.length);
    }
  }

  onDrain(): void {
    if (this.#exchange !== undefined) this.#exchange.onClientDrain();
    else if (this.#phase === IDLE && this.#pending.length > 0) this.#resumePending();
  }

  /** The client sends no more; it may still want the answers to what it sent. */
  onEnd(): void {
    this.#ended = true;
    if (this.#phase === BUSY) this.#exchange!.onClientHalfClosed(this.#halfClose);
    else if (this.#phase === BODY || this.#phase === NO_ROOM) this.#destroy();
    else if (this.#phase !== NEXT) this.#linger();
  }

  onClose(): void {
    this.#phase = CLOSED;
    this.plane.wheel.cancel(this.#timer);
    this.#halfClose.stop();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.plane.bodies.cancel(this);
    exchange?.onClientGone();
    this.#pending = NO_BYTES;
    this.#onGone(this);
  }

  onTimer(kind: number): void {
    if (kind === TIMER_HEAD && this.#phase === HEAD) this.reject('request_timeout', '');
    else if (kind === TIMER_BODY) this.#exchange?.abandon('request_timeout');
    else if (!this.#stillReading()) this.#destroy();
    else this.plane.wheel.arm(this.#timer, kind, this.plane.options.writeStallMs);
  }

  /** A slow reader's last answer is not cut off while it goes on reading. */
  #stillReading(): boolean {
    const queued = this.transport.bytesQueued();
    const progress = queued > 0 && queued !== this.#queuedBefore;
    this.#queuedBefore = queued;
    return progress;
  }

  /** The exchange's body asks for more time with each piece. */
  #process(chunk: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      switch (this.#phase) {
        case IDLE:
        case HEAD: {
          if (this.transport.bytesQueued() > MAX_UNREAD_BYTES) {
            // Whoever asks without reading the answers is read from no more until it does.
            this.#keep(chunk, at, end);
            this.transport.pause();
            return;
          }
          const next = this.#head(chunk, at, end);
          if (next === at) return;
          at = next;
          break;
        }
        case BODY:
          at = this.#body(chunk, at, end);
          break;
        case BUSY:
        case NEXT:
        case NO_ROOM:
          this.#keep(chunk, at, end);
          return;
        case LINGER:
          this.#lingered += end - at;
          if (this.#lingered > LINGER_BYTES) this.#destroy();
          return;
        default:
          return;
      }
    }
  }

  /** Reads a request head; returns `at` when the connection has to wait or has ended. */
  #head(chunk: Buffer, at: number, end: number): number {
    const { plane } = this;
    const head = plane.requestHead;
    const size = parseRequestHead(chunk, at, end, head);
    if (size < 0) {
      plane.totals[TOTAL_REJECTED]!++;
      this.keepAlive = false;
      this.minor = 1;
      this.reject(errorCodeOf(size), detailOf(size), head.method !== METHOD_HEAD);
      return at;
    }
    if (size === 0) {
      this.#keep(chunk, at, end);
      if (this.#phase === IDLE) {
        this.#phase = HEAD;
        plane.wheel.arm(this.#timer, TIMER_HEAD, plane.options.requestHeadMs);
      }
      return at;
    }
    plane.wheel.cancel(this.#timer);
    this.minor = head.minor;
    this.keepAlive = head.keepAlive && !plane.draining;
    const opened = openExchange(this, chunk, head);
    if (!(opened instanceof Exchange)) {
      this.#answerAtOnce(opened, chunk);
      return this.#phase === IDLE ? at + size : at;
    }
    this.#exchange = opened;
    if (opened.body.framing.done) {
      this.#phase = BUSY;
      opened.bodyComplete();
      return at + size;
    }
    this.#continueWanted = head.expectContinue && at + size === end && head.minor === 1;
    const wanted = head.chunked ? CHUNKED_RESERVE_BYTES : head.contentLength;
    if (plane.bodies.reserve(opened.body, wanted, this)) {
      this.#readBody();
    } else {
      this.#phase = NO_ROOM;
      this.transport.pause();
    }
    return at + size;
  }

  onBodyRoom(): void {
    this.#readBody();
    this.#resumePending();
  }

  #readBody(): void {
    this.#phase = BODY;
    this.plane.wheel.arm(this.#timer, TIMER_BODY, this.plane.options.bodyGapMs);
    if (this.#continueWanted) this.transport.write(CONTINUE);
  }

  /** A request the router answers itself. With a body on the way the connection must end. */
  #answerAtOnce(answer: OwnAnswer, chunk: Buffer): void {
    const { plane } = this;
    const head = plane.requestHead;
    if (head.chunked || head.contentLength > 0) this.keepAlive = false;
    const withBody = head.method !== METHOD_HEAD;
    const client = { minor: this.minor, keepAlive: this.keepAlive, withBody };
    const requestId = givenRequestId(chunk, head) || plane.ids.nextText();
    this.transport.write(serializeAnswer(answer, client, requestId));
    keepOwnRecord(plane, chunk, answer, requestId);
    if (this.keepAlive) this.#idle();
    else this.#linger();
  }

  #body(chunk: Buffer, at: number, end: number): number {
    const exchange = this.#exchange!;
    const body = exchange.body;
    const next = body.feed(chunk, at, end);
    this.plane.bodies.grow(body, body.sizeBytes);
    if (body.tooLarge) {
      exchange.abandon('body_too_large');
    } else if (body.framing.error !== 0) {
      exchange.abandon(errorCodeOf(body.framing.error), detailOf(body.framing.error));
    } else if (body.framing.done) {
      this.plane.wheel.cancel(this.#timer);
      this.#phase = BUSY;
      exchange.bodyComplete();
    } else {
      this.plane.wheel.refresh(this.#timer, this.plane.options.bodyGapMs);
    }
    return next;
  }

  /** Keeps bytes that cannot be used yet. */
  #keep(chunk: Buffer, at: number, end: number): void {
    this.#pending = Buffer.from(chunk.subarray(at, end));
    if (this.#phase === BUSY && this.#pending.length > MAX_PENDING_BYTES) this.transport.pause();
  }

  /** Refuses a request whose rest nobody will read. */
  reject(code: ErrorCode, detail: string, withBody = true): void {
    this.keepAlive = false;
    const client = { minor: this.minor, keepAlive: false, withBody };
    this.transport.write(serializeAnswer(errorAnswer(code, 'openai', detail), client, ''));
    this.#linger();
  }

  exchangeDone(intact: boolean): void {
    const midBody = this.#phase === BODY || this.#phase === NO_ROOM;
    if (this.#phase === NO_ROOM) this.plane.bodies.cancel(this);
    this.#exchange = undefined;
    this.#halfClose.stop();
    if (this.#phase === CLOSED) return;
    if (!intact) {
      this.#phase = CLOSED;
      // What is queued still leaves, unless the client has stopped reading.
      this.plane.wheel.arm(this.#timer, TIMER_LINGER, LINGER_MS);
      this.transport.close();
    } else if (midBody || !this.keepAlive || (this.#ended && this.#pending.length === 0)) {
      this.keepAlive = false;
      this.#linger();
    } else if (this.#pending.length > 0) {
      // What an engine sent behind its answer is read in this turn and ends its connection; a
      // request sent on it now would take these bytes for its answer.
      this.#phase = NEXT;
      setImmediate(takeNext, this);
    } else {
      this.#idle();
    }
  }

  /** The request that runs, as far as it is remembered. */
  running(): DecisionRecord | undefined {
    return this.#exchange?.trail?.running();
  }

  /** Closes between two requests; a running one is the connection's last, and so is a first one. */
  closeAfterAnswer(isFreshToo: boolean): void {
    this.keepAlive = false;
    if (this.#phase === IDLE && (isFreshToo || !this.#isFresh)) this.transport.close();
  }

  endNow(): void {
    if (this.#exchange === undefined) this.transport.close();
    else this.#exchange.endByDrain();
  }

  /** The turn that NEXT waits for has come. */
  takeNext(): void {
    if (this.#phase !== NEXT) return;
    this.#idle();
    this.#resumePending();
  }

  #resumePending(): void {
    const bytes = this.#pending;
    this.#pending = NO_BYTES;
    this.transport.resume();
    this.#process(bytes, 0, bytes.length);
    // The end came behind these bytes.
    if (this.#ended && this.#phase !== LINGER && this.#phase !== CLOSED) this.onEnd();
  }

  #idle(): void {
    this.#isFresh = false;
    this.#phase = IDLE;
    this.plane.wheel.arm(this.#timer, TIMER_IDLE, this.plane.options.keepAliveIdleMs);
  }

  #linger(): void {
    this.#phase = LINGER;
    this.#pending = NO_BYTES;
    this.#lingered = 0;
    this.plane.wheel.arm(this.#timer, TIMER_LINGER, LINGER_MS);
    if (this.#ended) {
      // Nothing is left to read; what is queued is still sent.
      this.transport.close();
      return;
    }
    this.transport.resume();
    this.transport.end();
  }

  #destroy(): void {
    this.#phase = CLOSED;
    this.transport.destroy();
  }
}

function takeNext(downstream: Downstream): void {
  downstream.takeNext();
}
