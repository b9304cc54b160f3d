/**
 * One client connection: writes a request, follows its answer with the product's own codec, and
 * says exactly once how it ended. Objects live as long as their connection; a request costs none.
 *
 *     CONNECTING → IDLE ⇄ HEAD → BODY → IDLE        anything → GONE
 */
import { BodyFraming } from '../../http1/body-framing.ts';
import { type TimerOwner, type TimerWheel, WheelTimer } from '../../net/timer-wheel.ts';
import { CLOSE_NORMAL, type Transport, type TransportHandler } from '../../net/transport.ts';
import { BYTES_RECEIVED, CONNECTIONS, RESENT } from '../measure/tally.ts';
import type { ClientSpec } from '../plan.ts';
import { AnswerHeads } from './answer-heads.ts';
import { BROKEN_FRAMING, closeClass, ERROR_EVENT, TIMED_OUT, TRUNCATED } from './error-class.ts';
import {
  SHOT_CANCELLED,
  SHOT_FAILED,
  SHOT_OK,
  SHOT_UNFINISHED,
  type Shot,
  type ShotOwner,
} from './shot.ts';
import { type Arrival, TokenStream } from './token-stream.ts';
import { answerText, readUsage } from './usage.ts';

const CONNECTING = 0;
const IDLE = 1;
const HEAD = 2;
const BODY = 3;
const GONE = 4;

const TIMEOUT = 0;
const CANCEL = 1;

const EXAMPLE_BYTES = 300;
const NOTHING = Buffer.alloc(0);
/** Read and used within one call. */
const HEADS = new AnswerHeads();

/** Opens connections to what is measured. */
export interface ShotConnector {
  connect(handler: TransportHandler): Transport;
}

/** What a connection may know of the pool it belongs to. */
export interface ConnectionPool {
  readonly connector: ShotConnector;
  readonly wheel: TimerWheel;
  readonly client: ClientSpec;
  readonly owner: ShotOwner;
  readonly arrival: Arrival;
  readonly keeps: boolean;
  /** Reads the clock, for `eventMs`. */
  nowMs(): number;
  readonly eventMs: number;
  /** A handshake ended, either way. */
  connected(): void;
  /** The connection may be used again. */
  freed(connection: ClientConnection): void;
  gone(connection: ClientConnection): void;
  /** Sends again what a closed connection did not take. */
  sendAnew(shot: Shot): void;
}

export class ClientConnection implements TransportHandler, TimerOwner {
  readonly transport: Transport;
  idleSinceMs: number;
  readonly #pool: ConnectionPool;
  readonly #framing: BodyFraming;
  readonly #stream: TokenStream;
  readonly #timer: WheelTimer;
  readonly #openedMs: number;
  #phase: number;
  #shot: Shot;
  /** It has carried an answer before: a close without a byte may be a stale keep-alive. */
  #reused: boolean;
  #status: number;
  #keeps: boolean;
  #streams: boolean;
  /** Bytes of a head or of a whole body that came in pieces. */
  #held: Buffer;

  /** Connects, then sends `shot`. */
  constructor(pool: ConnectionPool, shot: Shot) {
    this.#pool = pool;
    this.#framing = new BodyFraming();
    this.#stream = new TokenStream();
    this.#timer = new WheelTimer(this);
    this.#phase = CONNECTING;
    this.#shot = shot;
    this.#reused = false;
    this.#status = 0;
    this.#keeps = false;
    this.#streams = false;
    this.#held = NOTHING;
    this.idleSinceMs = 0;
    this.#openedMs = pool.nowMs();
    this.#arm();
    this.transport = pool.connector.connect(this);
  }

  /** Sends on an idle connection; `shot.sentMs` is set already. */
  send(shot: Shot): void {
    this.#reused = true;
    this.#shot = shot;
    this.#arm();
    this.#write();
  }

  /** Closes an idle connection; gives a running request up as unfinished. */
  discard(): void {
    if (this.#phase === IDLE) this.#close();
    else if (this.#phase !== GONE) this.#end(SHOT_UNFINISHED, '', '');
  }

  /** Closes an idle connection that the pool has forgotten already. */
  drop(): void {
    this.#phase = GONE;
    this.transport.destroy();
  }

  onConnect(): void {
    const { tally } = this.#shot;
    tally.counts[CONNECTIONS]!++;
    tally.connect.record((this.#pool.nowMs() - this.#openedMs) * 1000);
    this.#pool.connected();
    this.#write();
  }

  onBytes(chunk: Buffer, start: number, end: number): void {
    if (this.#phase === IDLE) {
      this.#close();
      return;
    }
    this.#pool.nowMs();
    this.#shot.tally.counts[BYTES_RECEIVED]! += end - start;
    let pos = start;
    let buf = chunk;
    let stop = end;
    if (this.#phase === HEAD) {
      if (this.#held.length > 0) {
        buf = Buffer.concat([this.#held, chunk.subarray(start, end)]);
        pos = 0;
        stop = buf.length;
        this.#held = NOTHING;
      }
      pos = this.#readHead(buf, pos, stop);
    }
    if (this.#phase === BODY) this.#readBody(buf, pos, stop);
  }

  onDrain(): void {}

  onEnd(): void {
    this.#pool.nowMs();
    if (this.#phase === BODY && this.#framing.finish()) {
      this.#keeps = false;
      this.#complete(this.#held, 0, this.#held.length);
    } else this.onClose(CLOSE_NORMAL);
  }

  onClose(reason: number): void {
    const phase = this.#phase;
    if (phase === GONE) return;
    this.#pool.nowMs();
    if (phase === IDLE) {
      this.#close();
      return;
    }
    if (phase === HEAD && this.#reused && this.#held.length === 0 && !this.#shot.resent) {
      this.#resend();
      return;
    }
    const failure = phase === BODY && reason === CLOSE_NORMAL ? TRUNCATED : closeClass(reason);
    this.#end(SHOT_FAILED, failure, '');
  }

  onTimer(kind: number): void {
    this.#pool.nowMs();
    if (kind === CANCEL) this.#end(SHOT_CANCELLED, '', '');
    else this.#end(SHOT_FAILED, TIMED_OUT, '');
  }

  #arm(): void {
    const { cancelAfterMs } = this.#shot;
    const { wheel, client } = this.#pool;
    if (cancelAfterMs >= 0) wheel.arm(this.#timer, CANCEL, cancelAfterMs);
    else wheel.arm(this.#timer, TIMEOUT, client.timeoutMs);
  }

  #write(): void {
    this.#phase = HEAD;
    this.transport.write(this.#shot.bytes);
  }

  /** Returns where the body starts, or `end` when the head is not whole or not to be read. */
  #readHead(buf: Buffer, start: number, end: number): number {
    let pos = start;
    for (;;) {
      const size = HEADS.read(buf, pos, end);
      if (size === 0) {
        this.#held = Buffer.from(buf.subarray(pos, end));
        return end;
      }
      if (size < 0) {
        const example = buf.toString('latin1', pos, Math.min(end, pos + EXAMPLE_BYTES));
        this.#end(SHOT_FAILED, BROKEN_FRAMING, example);
        return end;
      }
      pos += size;
      if (HEADS.head.status >= 200) break;
      if (pos === end) return end;
    }
    const { head } = HEADS;
    this.#status = head.status;
    this.#keeps = head.keepAlive;
    this.#streams = head.isEventStream && head.status < 300;
    this.#shot.endpoint = HEADS.endpoint;
    this.#framing.reset(head.bodyKind(false), head.contentLength);
    this.#stream.reset();
    this.#phase = BODY;
    if (this.#framing.done) this.#complete(NOTHING, 0, 0);
    return pos;
  }

  #readBody(buf: Buffer, start: number, end: number): void {
    const framing = this.#framing;
    let pos = start;
    const arrival = this.#pool.arrival;
    arrival.nowMs = this.#pool.eventMs;
    arrival.shot = this.#shot;
    while (pos < end) {
      pos = framing.next(buf, pos, end);
      if (framing.error !== 0) {
        this.#end(SHOT_FAILED, BROKEN_FRAMING, '');
        return;
      }
      const { dataStart, dataEnd } = framing;
      if (dataEnd > dataStart) this.#takeData(buf, dataStart, dataEnd, arrival);
      if (framing.done) {
        if (pos < end) this.#keeps = false;
        if (this.#held.length > 0) this.#complete(this.#held, 0, this.#held.length);
        else this.#complete(buf, dataStart, dataEnd);
        return;
      }
    }
  }

  #takeData(buf: Buffer, start: number, end: number, arrival: Arrival): void {
    if (this.#streams) {
      this.#stream.push(buf, start, end, arrival);
    } else if (!this.#framing.done || this.#held.length > 0) {
      const piece = buf.subarray(start, end);
      this.#held =
        this.#held.length === 0 ? Buffer.from(piece) : Buffer.concat([this.#held, piece]);
    }
  }

  /** The answer is whole; `buf[start … end)` is its body unless it was streamed. */
  #complete(buf: Buffer, start: number, end: number): void {
    const shot = this.#shot;
    if (this.#status < 200 || this.#status >= 300) {
      const example = buf.toString('utf8', start, Math.min(end, start + EXAMPLE_BYTES));
      this.#end(SHOT_FAILED, `HTTP ${this.#status}`, example);
      return;
    }
    if (this.#streams) {
      if (this.#stream.error !== '') this.#end(SHOT_FAILED, ERROR_EVENT, this.#stream.error);
      else if (!this.#stream.finished) this.#end(SHOT_FAILED, TRUNCATED, 'no [DONE], no reason');
      else this.#end(SHOT_OK, '', '');
      return;
    }
    readUsage(buf, start, end, shot);
    if (shot.wantsText) shot.text = answerText(buf, start, end);
    this.#end(SHOT_OK, '', '');
  }

  /** The server closed a kept connection just as we used it: that is nobody's failure. */
  #resend(): void {
    const shot = this.#shot;
    shot.resent = true;
    shot.tally.counts[RESENT]!++;
    this.#close();
    this.#pool.sendAnew(shot);
  }

  #end(outcome: number, failure: string, example: string): void {
    const shot = this.#shot;
    const wasConnecting = this.#phase === CONNECTING;
    const fine = outcome === SHOT_OK || (this.#phase === BODY && this.#framing.done);
    this.#held = NOTHING;
    if (fine && this.#keeps && this.#pool.keeps) {
      this.#phase = IDLE;
      this.#pool.wheel.cancel(this.#timer);
      // First: the next request, which may come from inside `finished`, can use it.
      this.#pool.freed(this);
      this.#pool.owner.finished(shot, outcome, failure, example);
      return;
    }
    this.#phase = GONE;
    this.#pool.wheel.cancel(this.#timer);
    this.transport.destroy();
    if (wasConnecting) this.#pool.connected();
    this.#pool.gone(this);
    this.#pool.owner.finished(shot, outcome, failure, example);
  }

  #close(): void {
    this.#phase = GONE;
    this.#pool.wheel.cancel(this.#timer);
    this.transport.destroy();
    this.#pool.gone(this);
  }
}
