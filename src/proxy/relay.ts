// HOT PATH — bench: bench/main.ts
/**
 * Carries an answer from the endpoint to the client: framing taken off and put on again, whole
 * events only, with backpressure, to an honest end (PROTOCOL §4).
 *
 * Invariants: nothing is written before the first body byte is here (or `headHoldMs` is over), so
 * an engine that dies before its first token can still be replaced. What the client has of an
 * event stream always ends at an event boundary, so that an error event can follow. A broken
 * answer never gets its proper end: no [DONE], no last chunk.
 */
import type { ErrorCode } from '../core/errors.ts';
import { BODY_LENGTH, BodyFraming } from '../http1/body-framing.ts';
import type { ResponseHead } from '../http1/response-head.ts';
import { type TimerOwner, WheelTimer } from '../net/timer-wheel.ts';
import { streamErrorEvent } from '../openai/error-body.ts';
import { SseScanner } from '../openai/sse-scanner.ts';
import {
  finishAnswerHead,
  SEND_CHUNKED,
  SEND_LENGTH,
  SEND_NOTHING,
  SEND_UNTIL_CLOSE,
} from './answer-head.ts';
import type { CommittedAnswer, ExchangeView } from './exchange-view.ts';
import type { DataPlane } from './plane.ts';
import { readBody, readEvents } from './usage-answer.ts';

const TIMER_HEAD_HOLD = 1;
const TIMER_GAP = 2;
const TIMER_STALL = 3;

/** An event that grows beyond this is passed on in pieces. */
const MAX_HELD_BYTES = 1024 * 1024;
const MAX_QUEUED_BYTES = 256 * 1024;
const NO_BYTES = Buffer.alloc(0);
const BLANK_LINE = Buffer.from('\n\n');
/** An SSE comment as a chunk of its own: readers skip it. */
const PROBE_CHUNK = Buffer.from('3\r\n:\n\n\r\n');

/** Where the answer comes from: the attempt, as its relay sees it. */
export interface RelaySource {
  isOver(): boolean;
  /** Longest silence of the answer. */
  streamGapMs(): number;
  pauseUpstream(): void;
  resumeUpstream(): void;
  /** The answer was read to its end. `reusable`: the connection may serve again. */
  relayed(reusable: boolean, keepAliveTimeoutMs: number): void;
  /** It broke after the commit; `blameless` = not by the endpoint's fault. */
  relayBroke(code: ErrorCode, blameless: boolean): void;
  /** It broke before anything of it was sent: a failure like any other. */
  failedUncommitted(code: ErrorCode): void;
}

export class Relay implements CommittedAnswer, TimerOwner {
  readonly #plane: DataPlane;
  readonly #exchange: ExchangeView;
  readonly #attempt: RelaySource;
  readonly #framing: BodyFraming;
  readonly #scanner: SseScanner | undefined;
  readonly #timer: WheelTimer;
  readonly status: number;
  readonly #send: number;
  readonly #keepAlive: boolean;
  readonly #gapMs: number;
  readonly #keepAliveTimeoutMs: number;
  /** The client's head while it waits for the first body byte. */
  #head: Buffer;
  /** The beginning of an event whose end has not arrived. */
  #held: Buffer;
  #committed: boolean;
  /** An event was too long to hold: the client may stand in the middle of one. */
  #inPieces: boolean;
  #paused: boolean;
  /** The client's queue when its reading was last looked at. */
  #queuedBytes: number;
  #excess: boolean;
  /** Events passed on are counted: a stream of tokens, and those counted already. */
  readonly #counting: boolean;
  /** Usage is looked for: in all events, or in those that end the stream. */
  readonly #early: boolean;
  /** The last bytes of a body that is no stream; undefined = its usage is not looked for. */
  #tail: Buffer | undefined;
  #counted: number;

  constructor(exchange: ExchangeView, attempt: RelaySource, head: ResponseHead) {
    this.#plane = exchange.plane;
    this.#exchange = exchange;
    this.#attempt = attempt;
    this.#gapMs = attempt.streamGapMs();
    this.status = head.status;
    this.#keepAlive = head.keepAlive;
    this.#keepAliveTimeoutMs = head.keepAliveTimeoutMs;
    this.#framing = new BodyFraming();
    const kind = head.bodyKind(false);
    this.#framing.reset(kind, Math.max(0, head.contentLength));
    this.#timer = new WheelTimer(this);
    this.#head = NO_BYTES;
    this.#held = NO_BYTES;
    this.#committed = false;
    this.#inPieces = false;
    this.#paused = false;
    this.#queuedBytes = 0;
    this.#excess = false;
    this.#counted = 0;
    this.#scanner = undefined;
    if (head.isEventStream && !head.contentEncoded) {
      this.#scanner = new SseScanner();
      const { dialect, expectsEnd } = exchange.route;
      this.#scanner.reset(dialect, expectsEnd && head.status === 200);
    }
    this.#counting = this.#scanner !== undefined && !this.#scanner.finished;
    this.#early = exchange.route.dialect === 'anthropic';
    const isPlain = !head.isEventStream && !head.contentEncoded && head.status === 200;
    this.#tail = isPlain ? NO_BYTES : undefined;
    const { minor } = exchange.client;
    if (head.isBodiless()) this.#send = SEND_NOTHING;
    else if (kind === BODY_LENGTH || this.#framing.done) this.#send = SEND_LENGTH;
    else this.#send = minor === 1 ? SEND_CHUNKED : SEND_UNTIL_CLOSE;
    if (this.#send === SEND_UNTIL_CLOSE) exchange.client.keepAlive = false;
    const lengthBytes = kind === BODY_LENGTH ? head.contentLength : 0;
    finishAnswerHead(this.#plane.answerOut, this.#send, lengthBytes, exchange.client);
  }

  /** First bytes behind the head; the client's head is in `plane.answerOut`. */
  begin(chunk: Buffer, start: number, end: number): void {
    const { answerOut, options, wheel } = this.#plane;
    this.onBytes(chunk, start, end);
    if (this.#committed || this.#attempt.isOver()) return;
    this.#head = Buffer.from(answerOut.buf.subarray(0, answerOut.length));
    wheel.arm(this.#timer, TIMER_HEAD_HOLD, options.headHoldMs);
  }

  onBytes(chunk: Buffer, start: number, end: number): void {
    if (!this.#committed) this.#exchange.meter.arrived();
    const framing = this.#framing;
    const out = this.#plane.out;
    out.reset();
    const heldBytes = this.#held.length;
    if (heldBytes > 0) out.append(this.#held, 0, heldBytes);
    let at = start;
    while (at < end && !framing.done && framing.error === 0) {
      at = framing.next(chunk, at, end);
      if (framing.dataEnd > framing.dataStart) {
        out.append(chunk, framing.dataStart, framing.dataEnd);
      }
    }
    this.#excess = at < end;
    if (framing.error !== 0) {
      this.#lost('malformed_response');
      return;
    }
    if (this.#scanner !== undefined) this.#holdTail(this.#scanner, heldBytes);
    if (framing.done) this.#finish();
    else if (out.bodyBytes() > 0) this.#deliver(false);
  }

  /** The endpoint closed its side. */
  onUpstreamEnd(): void {
    if (!this.#framing.finish()) {
      this.#lost('upstream_disconnected');
      return;
    }
    const out = this.#plane.out;
    out.reset();
    out.append(this.#held, 0, this.#held.length);
    this.#excess = true;
    this.#finish();
  }

  onClientDrain(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#attempt.resumeUpstream();
    this.#plane.wheel.arm(this.#timer, TIMER_GAP, this.#gapMs);
  }

  harmlessBytes(): Uint8Array {
    const quiet = this.#scanner !== undefined && this.#send === SEND_CHUNKED && !this.#inPieces;
    return quiet ? PROBE_CHUNK : NO_BYTES;
  }

  onTimer(kind: number): void {
    if (kind === TIMER_HEAD_HOLD) {
      this.#plane.out.reset();
      this.#deliver(false, true);
    } else if (kind === TIMER_GAP) {
      this.#lost('stream_stalled');
    } else {
      const queuedBytes = this.#exchange.client.transport.bytesQueued();
      if (queuedBytes < this.#queuedBytes) this.#awaitReader(queuedBytes);
      else this.breakOff('slow_client');
    }
  }

  /** The endpoint's own limit has come. */
  outOfTime(): void {
    this.#lost('attempt_timeout');
  }

  breakOff(code: ErrorCode): void {
    this.#attempt.relayBroke(code, true);
    this.#tellClient(code);
  }

  stop(): void {
    this.#plane.wheel.cancel(this.#timer);
  }

  /** Cuts what is composed after its last whole event and holds the rest. */
  #holdTail(scanner: SseScanner, heldBytes: number): void {
    const out = this.#plane.out;
    const bodyAt = out.bodyAt();
    const boundary = scanner.scan(out.bytes, bodyAt + heldBytes, out.end);
    if (this.#framing.done) return;
    const whole = boundary < 0 ? 0 : boundary - bodyAt;
    const tail = out.bodyBytes() - whole;
    if (this.#inPieces && boundary < 0) return;
    if (tail > MAX_HELD_BYTES) {
      this.#inPieces = true;
      this.#held = NO_BYTES;
      return;
    }
    this.#inPieces = false;
    this.#held = tail === 0 ? NO_BYTES : Buffer.from(out.bytes.subarray(bodyAt + whole, out.end));
    out.truncate(whole);
  }

  /** The endpoint's answer is complete as HTTP; a stream must also have said that it is. */
  #finish(): void {
    const scanner = this.#scanner;
    if (scanner !== undefined && !scanner.finished) {
      // The last event may lack its blank line.
      scanner.scan(BLANK_LINE, 0, BLANK_LINE.length);
      if (!scanner.finished) {
        this.#truncated();
        return;
      }
    }
    this.#held = NO_BYTES;
    this.#deliver(true);
    this.#attempt.relayed(this.#keepAlive && !this.#excess, this.#keepAliveTimeoutMs);
    this.#exchange.completed(this.status);
  }

  /** A clean end in the middle of a stream: what came is passed on, then the truth. */
  #truncated(): void {
    const out = this.#plane.out;
    out.truncate(Math.max(0, out.bodyBytes() - this.#unfinishedBytes()));
    if (this.#committed && out.bodyBytes() > 0) this.#deliver(false);
    this.#lost('upstream_disconnected');
  }

  /** Bytes composed behind the last event boundary. */
  #unfinishedBytes(): number {
    const out = this.#plane.out;
    const bodyAt = out.bodyAt();
    const text = out.bytes.subarray(bodyAt, out.end);
    const lf = text.lastIndexOf('\n\n');
    const crlf = text.lastIndexOf('\r\n\r\n');
    const whole = Math.max(lf < 0 ? 0 : lf + 2, crlf < 0 ? 0 : crlf + 4);
    return text.length - whole;
  }

  /** Writes what is composed in `plane.out`, behind the head if that still waits. */
  #deliver(last: boolean, held = false): void {
    const plane = this.#plane;
    const out = plane.out;
    if (this.#counting) {
      if ((this.#early || this.#scanner!.finished) && this.#strip() && !last) return;
    } else if (this.#tail !== undefined) {
      this.#tail = readBody(this.#exchange.meter, out, this.#tail, last);
    }
    this.#exchange.bytesDown += out.bodyBytes();
    if (this.#send === SEND_CHUNKED) {
      out.frameChunk();
      if (last) out.lastChunk();
    }
    const first = !this.#committed;
    if (first) this.#commit();
    const { transport } = this.#exchange.client;
    plane.send(transport);
    if (first) this.#exchange.meter.committed(this.status, held);
    if (this.#counting) this.#count();
    if (last) return;
    const queuedBytes = transport.bytesQueued();
    if (queuedBytes > MAX_QUEUED_BYTES) {
      this.#paused = true;
      this.#attempt.pauseUpstream();
      this.#awaitReader(queuedBytes);
    } else {
      plane.wheel.refresh(this.#timer, this.#gapMs);
    }
  }

  /** Reads the usage in the events to be written; true when nothing of them is left to write. */
  #strip(): boolean {
    const { out } = this.#plane;
    const { body, meter } = this.#exchange;
    const strip = body.usageAsked && !this.#inPieces && this.#send !== SEND_LENGTH;
    return readEvents(meter, out, strip) && out.bodyBytes() === 0;
  }

  /** Tells the meter of the events that were just written. */
  #count(): void {
    const { events, finished } = this.#scanner!;
    if (events === this.#counted) return;
    this.#exchange.meter.events(events - this.#counted, finished);
    this.#counted = events;
  }

  /** A slow client is left alone as long as its queue becomes shorter. */
  #awaitReader(queuedBytes: number): void {
    this.#queuedBytes = queuedBytes;
    this.#plane.wheel.arm(this.#timer, TIMER_STALL, this.#plane.options.writeStallMs);
  }

  #commit(): void {
    const plane = this.#plane;
    this.#committed = true;
    this.#exchange.commit(this);
    if (this.#head.length > 0) plane.out.prepend(this.#head, this.#head.length);
    else plane.out.prepend(plane.answerOut.buf, plane.answerOut.length);
    this.#head = NO_BYTES;
    plane.wheel.arm(this.#timer, TIMER_GAP, this.#gapMs);
  }

  /** The endpoint broke the answer. */
  #lost(code: ErrorCode): void {
    if (!this.#committed) {
      this.#attempt.failedUncommitted(code);
      return;
    }
    this.#attempt.relayBroke(code, false);
    this.#tellClient(code);
  }

  /** One error event where the client can read one, then the connection ends without an end. */
  #tellClient(code: ErrorCode): void {
    const { client, route } = this.#exchange;
    const readable = this.#scanner !== undefined && !this.#inPieces && this.#send !== SEND_LENGTH;
    if (readable && code !== 'slow_client') {
      const event = streamErrorEvent(code, route.dialect, '');
      const out = this.#plane.out;
      out.reset();
      out.append(event, 0, event.length);
      this.#exchange.bytesDown += event.length;
      if (this.#send === SEND_CHUNKED) out.frameChunk();
      this.#plane.send(client.transport);
    } else if (this.#send === SEND_UNTIL_CLOSE || code === 'slow_client') {
      // Only a reset tells this client that its answer is not complete.
      client.transport.reset();
    }
    this.#exchange.broken(code);
  }
}
