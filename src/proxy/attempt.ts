// HOT PATH — bench: bench/main.ts
/**
 * One try of an exchange on one endpoint: a connection, the request written to it, the head of
 * its answer read. A good answer is handed to a Relay; any other end is a failure the exchange
 * judges by the verdict table.
 *
 *     CONNECTING → WAITING → RELAYING → OVER        WAITING → HOLDING (error answer) → OVER
 *
 * Invariant: the lease is taken at the start and ended exactly once, on the way to OVER.
 */
import type { EndpointSpec } from '../core/endpoint.ts';
import type { ErrorCode } from '../core/errors.ts';
import {
  LEASE_BUSY,
  LEASE_FAILED_CONNECT,
  LEASE_FAILED_REFUSED,
  LEASE_FAILED_STATUS,
  LEASE_FAILED_STREAM,
  LEASE_FAILED_TIMEOUT,
  LEASE_IGNORED,
  LEASE_OK,
  Lease,
} from '../core/lease.ts';
import { charge, giveBack } from '../core/rate-window.ts';
import { retryAfterMs } from '../core/retry/backoff.ts';
import { type AttemptFacts, newFacts } from '../core/retry/verdict.ts';
import { parseResponseHead, RETRY_NO, type ResponseHead } from '../http1/response-head.ts';
import { type TimerOwner, WheelTimer } from '../net/timer-wheel.ts';
import {
  CLOSE_EXHAUSTED,
  CLOSE_REFUSED,
  CLOSE_TLS,
  type TransportHandler,
} from '../net/transport.ts';
import type { UpstreamConnection } from '../net/upstream-pool.ts';
import { writeAnswerFields, writeAttempts, writeOverloadFields } from './answer-head.ts';
import type { EndpointBytes } from './endpoint-bytes.ts';
import { ErrorAnswer } from './error-answer.ts';
import type { ExchangeView } from './exchange-view.ts';
import { brokenOutcome, ownGapMs, ownLimitMs } from './own-limits.ts';
import type { DataPlane } from './plane.ts';
import { Relay, type RelaySource } from './relay.ts';
import { writeRequest } from './request-writer.ts';

const CONNECTING = 0;
const WAITING = 1;
const HOLDING = 2;
const RELAYING = 3;
const OVER = 4;

const TIMER_CONNECT = 1;
const TIMER_FIRST_BYTE = 2;
const TIMER_HOLD = 3;
const TIMER_OWN_LIMIT = 4;

const HOLD_MS = 2_000;
const CHARGE_FRESH_MS = 100;
const NO_BYTES = Buffer.alloc(0);

export class Attempt implements TransportHandler, TimerOwner, RelaySource {
  readonly exchange: ExchangeView;
  readonly endpoint: EndpointSpec;
  readonly plane: DataPlane;
  readonly #bytes: EndpointBytes;
  readonly #lease: Lease;
  readonly #timer: WheelTimer;
  #chargedAtMs: number;
  readonly facts: AttemptFacts;
  #phase: number;
  #connection: UpstreamConnection | undefined;
  #pending: Buffer;
  #flushed: boolean;
  #relay: Relay | undefined;
  #held: ErrorAnswer | undefined;
  /** The endpoint's own limit; most have none. */
  #limit: WheelTimer | undefined;

  constructor(exchange: ExchangeView, endpoint: EndpointSpec, chargedAtMs: number) {
    const plane = exchange.plane;
    this.exchange = exchange;
    this.endpoint = endpoint;
    this.plane = plane;
    this.#bytes = plane.endpointBytes(endpoint);
    this.#lease = new Lease(plane.columns, plane.workerIndex, plane.ejector);
    this.#timer = new WheelTimer(this);
    this.#chargedAtMs = chargedAtMs;
    this.facts = newFacts();
    this.#phase = CONNECTING;
    this.#connection = undefined;
    this.#pending = NO_BYTES;
    this.#flushed = false;
    this.#relay = undefined;
    this.#held = undefined;
    this.#limit = undefined;
  }

  /** `fresh`: a kept-alive connection will not do. */
  start(fresh: boolean): void {
    const { plane, endpoint } = this;
    this.#lease.take(endpoint.slot, plane.clock.nowMs());
    const limitMs = ownLimitMs(endpoint.own, this.#streams());
    if (limitMs > 0) {
      this.#limit = new WheelTimer(this);
      plane.wheel.arm(this.#limit, TIMER_OWN_LIMIT, limitMs);
    }
    const origin = this.#bytes.origin;
    const kept = fresh ? undefined : plane.pool.reuse(origin, this);
    if (kept !== undefined) {
      this.facts.reused = true;
      this.#connection = kept;
      this.#send(kept);
      return;
    }
    plane.wheel.arm(this.#timer, TIMER_CONNECT, plane.options.connectTimeoutMs);
    this.#connection = plane.pool.open(origin, endpoint, this);
  }

  isOver(): boolean {
    return this.#phase === OVER;
  }

  onConnect(): void {
    this.plane.wheel.cancel(this.#timer);
    if (this.#chargeIsFresh()) this.#send(this.#connection!);
    else this.#uncharged('rate_limited');
  }

  onBytes(chunk: Buffer, start: number, end: number): void {
    this.plane.own.bytesDown[this.endpoint.slot]! += end - start;
    if (this.#phase === RELAYING) {
      this.#relay!.onBytes(chunk, start, end);
    } else if (this.#phase === HOLDING) {
      this.#hold(chunk, start, end);
    } else {
      this.facts.responseBytes += end - start;
      this.#readHead(chunk, start, end);
    }
  }

  onDrain(): void {
    if (!this.#flushed) this.#bodyFlushed();
  }

  onEnd(): void {
    if (this.#phase === RELAYING) this.#relay!.onUpstreamEnd();
    else if (this.#phase === HOLDING) this.#heldEnded(this.#held!.finish());
    else this.#lost();
  }

  onClose(reason: number): void {
    if (this.#phase === CONNECTING && reason === CLOSE_EXHAUSTED) {
      this.#fail('no_socket', LEASE_IGNORED);
    } else if (this.#phase === CONNECTING) {
      const refused = reason === CLOSE_REFUSED;
      const code: ErrorCode = refused
        ? 'connect_refused'
        : reason === CLOSE_TLS
          ? 'tls_failed'
          : 'connect_failed';
      this.#fail(code, refused ? LEASE_FAILED_REFUSED : LEASE_FAILED_CONNECT);
    } else if (this.#phase !== OVER) {
      this.onEnd();
    }
  }

  onTimer(kind: number): void {
    if (kind === TIMER_CONNECT) this.#fail('connect_timeout', LEASE_FAILED_TIMEOUT);
    else if (kind === TIMER_FIRST_BYTE) this.#fail('first_byte_timeout', LEASE_FAILED_TIMEOUT);
    else if (kind === TIMER_OWN_LIMIT) this.#ownLimitReached();
    else this.#heldEnded(false);
  }

  /** The client left, or the exchange ends for another reason: nobody's fault. */
  cancel(): void {
    if (this.#phase !== OVER) this.#over(LEASE_IGNORED, false);
  }

  /** The relay read the answer to its end. `reusable`: the connection may serve again. */
  relayed(reusable: boolean, keepAliveTimeoutMs: number): void {
    const idle = reusable && this.#connection!.transport.bytesQueued() === 0;
    const connection = this.#connection!;
    if (idle) this.#connection = undefined;
    this.#over(this.facts.code === 'upstream_busy' ? LEASE_BUSY : this.#relayedOutcome(), idle);
    if (idle) this.plane.pool.release(connection, this.endpoint, keepAliveTimeoutMs);
  }

  /** The relay's answer broke after the commit. */
  relayBroke(code: ErrorCode, blameless: boolean): void {
    if (blameless) this.#over(LEASE_IGNORED, false);
    else this.#over(brokenOutcome(code), false);
  }

  /** The relay's answer broke before anything of it was sent: a failure like any other. */
  failedUncommitted(code: ErrorCode): void {
    this.#fail(code, brokenOutcome(code));
  }

  streamGapMs(): number {
    return ownGapMs(this.endpoint.own, this.#streams(), this.plane.options.streamGapMs);
  }

  pauseUpstream(): void {
    this.#connection?.transport.pause();
  }

  resumeUpstream(): void {
    this.#connection?.transport.resume();
  }

  #streams(): boolean {
    return this.exchange.body.model.streamRequested;
  }

  #ownLimitReached(): void {
    if (this.#phase === HOLDING) this.#heldEnded(false);
    else if (this.#phase !== RELAYING) this.#fail('attempt_timeout', LEASE_FAILED_TIMEOUT);
    // Of a stream that flows only its gaps are limited.
    else if (!this.#streams() || !this.exchange.isCommitted()) this.#relay!.outOfTime();
  }

  /**
   * The window's slack covers only a short way from charge to arrival; a connection that took
   * longer is charged anew for the moment at which it really sends.
   */
  #chargeIsFresh(): boolean {
    const { endpoint, plane } = this;
    const nowMs = plane.clock.nowMs();
    if (this.#chargedAtMs < 0 || nowMs - this.#chargedAtMs < CHARGE_FRESH_MS) return true;
    const cells = plane.columns.shared.rate;
    giveBack(cells, endpoint.slot, this.#chargedAtMs);
    const charged = charge(cells, endpoint.slot, endpoint.rpmLimit, nowMs);
    this.#chargedAtMs = charged ? nowMs : -1;
    return charged;
  }

  /** It says nothing about the endpoint: the exchange asks for a place again. */
  #uncharged(why: string): void {
    this.#over(LEASE_IGNORED, false);
    this.exchange.attemptUncharged(why);
  }

  #send(connection: UpstreamConnection): void {
    const { plane, endpoint } = this;
    this.#phase = WAITING;
    const size = writeRequest(connection.transport, this.exchange, this.#bytes);
    this.exchange.meter.sent();
    this.facts.requestBytesSent = size;
    this.exchange.body.sending();
    if (connection.transport.bytesQueued() === 0) this.#bodyFlushed();
    plane.own.bytesUp[endpoint.slot]! += size;
    plane.own.sent[endpoint.slot]!++;
    const { firstByteMs } = plane.options;
    if (firstByteMs > 0) plane.wheel.arm(this.#timer, TIMER_FIRST_BYTE, firstByteMs);
  }

  /** The kernel has the whole request. */
  #bodyFlushed(): void {
    this.#flushed = true;
    this.exchange.body.flushed();
    if (this.#phase === WAITING) this.plane.bodies.sent(this.exchange.body);
  }

  #readHead(chunk: Buffer, start: number, end: number): void {
    let bytes = chunk;
    let at = start;
    let to = end;
    if (this.#pending.length > 0) {
      bytes = Buffer.concat([this.#pending, chunk.subarray(start, end)]);
      at = 0;
      to = bytes.length;
      this.#pending = NO_BYTES;
    }
    const head = this.plane.responseHead;
    for (;;) {
      const size = parseResponseHead(bytes, at, to, head);
      if (size < 0) {
        this.#fail('malformed_response', LEASE_FAILED_STATUS);
        return;
      }
      if (size === 0) {
        this.#pending = Buffer.from(bytes.subarray(at, to));
        return;
      }
      at += size;
      // Interim answers are dropped: they could not be taken back when another endpoint is tried.
      if (head.status >= 200) break;
      if (at === to) return;
    }
    this.plane.wheel.cancel(this.#timer);
    this.#lease.answered();
    this.#judge(bytes, at, to, head);
  }

  /** A head is here: is this the answer for the client, or a reason to try elsewhere? */
  #judge(bytes: Buffer, at: number, to: number, head: ResponseHead): void {
    const { exchange, facts, plane } = this;
    if (this.#bytes.refusesUsage(head.status, exchange.body)) {
      this.#uncharged('usage_refused');
      return;
    }
    const busy = head.status === 429 || head.status === 503;
    const out = plane.answerOut;
    out.reset();
    writeAnswerFields(out, bytes, head, exchange.fields);
    const { explainHeaders } = plane.options;
    if (explainHeaders) out.bytes(this.#bytes.answerLine);
    if (busy || head.status === 500 || head.status === 502 || head.status === 504) {
      facts.code = busy ? 'upstream_busy' : 'upstream_status';
      facts.shouldRetryFalse = head.shouldRetry === RETRY_NO;
      if (busy) this.#markBusy(bytes, head);
      if (exchange.wouldRetry(this.endpoint, facts)) {
        this.#phase = HOLDING;
        this.#held = new ErrorAnswer(head, Buffer.from(out.buf.subarray(0, out.length)));
        plane.wheel.arm(this.#timer, TIMER_HOLD, HOLD_MS);
        this.#hold(bytes, at, to);
        return;
      }
      writeOverloadFields(out, head, busy ? plane.admission.comeBackSeconds(exchange.model) : 0);
    } else {
      facts.code = 'upstream_disconnected';
    }
    if (explainHeaders) writeAttempts(out, exchange.tries);
    this.#phase = RELAYING;
    this.#relay = new Relay(exchange, this, head);
    this.#relay.begin(bytes, at, to);
  }

  /** Retry-After makes the endpoint busy until then, for all workers. */
  #markBusy(bytes: Buffer, head: ResponseHead): void {
    if (head.retryAfterEnd === head.retryAfterStart) return;
    const value = bytes.toString('latin1', head.retryAfterStart, head.retryAfterEnd);
    const ms = retryAfterMs(value, Date.now());
    if (ms <= 0) return;
    this.plane.own.busyUntilMs[this.endpoint.slot] = this.plane.clock.nowMs() + ms;
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    const held = this.#held!;
    held.onBytes(chunk, start, end);
    if (held.broken) this.#heldEnded(false);
    else if (held.done) this.#heldEnded(true);
  }

  /** The error answer is complete (or given up): now judge it. */
  #heldEnded(complete: boolean): void {
    const held = this.#held!;
    if (complete && held.saysQueueFull()) this.facts.code = 'upstream_busy';
    this.exchange.saved = held.saved(complete);
    const busy = this.facts.code === 'upstream_busy';
    const connection = this.#connection!;
    const reusable = complete && held.reusable && connection.transport.bytesQueued() === 0;
    if (reusable) this.#connection = undefined;
    this.#over(busy ? LEASE_BUSY : LEASE_FAILED_STATUS, reusable);
    if (reusable) this.plane.pool.release(connection, this.endpoint, held.keepAliveTimeoutMs);
    this.exchange.attemptFailed(this.endpoint, this.#chargedAtMs, this.facts);
  }

  #relayedOutcome(): number {
    return this.facts.code === 'upstream_status' ? LEASE_FAILED_STATUS : LEASE_OK;
  }

  /** The connection went away before a head was complete. */
  #lost(): void {
    if (this.facts.responseBytes > 0) this.#fail('upstream_disconnected', LEASE_FAILED_STREAM);
    else if (this.facts.reused) this.#fail('stale_connection', LEASE_IGNORED);
    else this.#fail('upstream_closed', LEASE_FAILED_STREAM);
  }

  #fail(code: ErrorCode, outcome: number): void {
    this.facts.code = code;
    this.#over(outcome, false);
    this.exchange.attemptFailed(this.endpoint, this.#chargedAtMs, this.facts);
  }

  #over(outcome: number, keepConnection: boolean): void {
    this.#phase = OVER;
    this.plane.wheel.cancel(this.#timer);
    if (this.#limit !== undefined) this.plane.wheel.cancel(this.#limit);
    this.#relay?.stop();
    const connection = this.#connection;
    this.#connection = undefined;
    if (!keepConnection) connection?.discard();
    if (this.#chargedAtMs >= 0 && this.facts.requestBytesSent === 0) {
      giveBack(this.plane.columns.shared.rate, this.endpoint.slot, this.#chargedAtMs);
    }
    if (this.#lease.end(outcome, this.plane.clock.nowMs(), this.facts.code)) {
      this.plane.ejected(this.endpoint, this.exchange.fields.requestId(), this.facts.code);
    }
  }
}
