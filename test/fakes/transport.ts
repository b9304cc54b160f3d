/**
 * A transport that a test plays: it records what is written, and bytes, ends and closes arrive
 * when the test says so. As a real one it tells of its close later (`FakeNet.settle`), never from
 * within a call.
 *
 * It punishes what the contract forbids: bytes that were queued are read when they leave, so a
 * buffer that was used again shows as damage; a lent chunk is overwritten right after `onBytes`.
 */
import assert from 'node:assert/strict';
import {
  CLOSE_NORMAL,
  type Connector,
  type Transport,
  type TransportHandler,
} from '../../src/net/transport.ts';
import { endTurn } from './event-loop.ts';

const DAMAGE = '#'.charCodeAt(0);

export class FakeTransport implements Transport {
  readonly lendsChunks: boolean;
  handler: TransportHandler | undefined;
  /** What the peer got so far. */
  received = '';
  /** The peer reads nothing: what is written stays queued. */
  stalled = false;
  paused = false;
  /** Our side has ended: by `end` or by a close. */
  ended = false;
  /** How it was closed: '' = it is open. */
  closedBy: '' | 'close' | 'destroy' | 'reset' | 'peer' = '';
  /** `onClose` was told. */
  gone = false;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #waiting: (Buffer | 'end')[] = [];
  #reason = CLOSE_NORMAL;

  constructor(lendsChunks: boolean) {
    this.lendsChunks = lendsChunks;
  }

  write(bytes: Uint8Array): boolean {
    if (this.closedBy !== '') return false;
    assert.equal(this.ended, false, 'a write after the end would break a real connection');
    if (this.stalled || this.#queue.length > 0) this.#enqueue(bytes);
    else this.received += Buffer.from(bytes).toString('latin1');
    return this.bytesQueued() === 0;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.ended = true;
  }

  close(): void {
    if (this.closedBy === '') this.closedBy = 'close';
    this.ended = true;
  }

  destroy(): void {
    if (!this.gone) this.closedBy = 'destroy';
    this.ended = true;
    this.#forgetQueue();
  }

  reset(): void {
    if (!this.gone) this.closedBy = 'reset';
    this.ended = true;
    this.#forgetQueue();
  }

  bytesQueued(): number {
    return this.#queuedBytes;
  }

  peerAddress(): string {
    return '192.0.2.7';
  }

  /** The peer sends these bytes; a paused side gets them later, a closing one never. */
  deliver(bytes: Buffer | string): void {
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
    if (chunk.length > 0) this.#waiting.push(chunk);
    this.pump();
    endTurn();
  }

  /** The peer ends its side. */
  deliverEnd(): void {
    this.#waiting.push('end');
    this.pump();
    endTurn();
  }

  /** Passes on what arrived; called by `FakeNet.settle` after a resume. */
  pump(): void {
    while (this.#waiting.length > 0 && !this.paused && this.closedBy === '') {
      const next = this.#waiting.shift()!;
      if (next === 'end') {
        this.handler!.onEnd();
        continue;
      }
      // Around the chunk stand bytes that are nobody's.
      const lent = Buffer.alloc(next.length + 6, DAMAGE);
      next.copy(lent, 3);
      this.handler!.onBytes(lent, 3, 3 + next.length);
      if (this.lendsChunks) lent.fill(DAMAGE);
    }
  }

  /** The peer reads `size` bytes of the queue, or all of it. */
  drain(size = Number.POSITIVE_INFINITY): void {
    let left = size;
    const before = this.#queue.length;
    while (this.#queue.length > 0 && left > 0) {
      const first = this.#queue[0]!;
      const taken = first.subarray(0, left);
      this.received += Buffer.from(taken).toString('latin1');
      left -= taken.length;
      this.#queuedBytes -= taken.length;
      if (taken.length === first.length) this.#queue.shift();
      else this.#queue[0] = first.subarray(taken.length);
    }
    if (before > 0 && this.#queue.length === 0 && this.closedBy === '') this.handler!.onDrain();
    endTurn();
  }

  /** The connection breaks from outside. */
  break(reason: number): void {
    if (this.closedBy !== '') return;
    this.closedBy = 'peer';
    this.ended = true;
    this.#forgetQueue();
    this.#reason = reason;
  }

  /** Tells of the close when there is nothing left to send. */
  settle(): boolean {
    if (this.gone || this.closedBy === '' || this.#queue.length > 0) return false;
    this.gone = true;
    this.handler!.onClose(this.#reason);
    return true;
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
  }

  #forgetQueue(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  /** Takes out what the peer got since the last call. */
  take(): string {
    const text = this.received;
    this.received = '';
    return text;
  }
}

/** All connections of a test; also opens those to endpoints. */
export class FakeNet implements Connector {
  readonly all: FakeTransport[] = [];
  /** Connections to endpoints, in the order of opening. */
  readonly upstream: FakeTransport[] = [];
  readonly opened: { readonly host: string; readonly port: number; readonly tls: boolean }[] = [];

  connect(host: string, port: number, tls: boolean, handler: TransportHandler): FakeTransport {
    const transport = this.client();
    transport.handler = handler;
    this.upstream.push(transport);
    this.opened.push({ host, port, tls });
    return transport;
  }

  /** A connection that nobody handles yet. */
  client(lendsChunks = true): FakeTransport {
    const transport = new FakeTransport(lendsChunks);
    this.all.push(transport);
    return transport;
  }

  /** Lets everything happen that a real network would do by itself. */
  settle(): void {
    for (let busy = true; busy; ) {
      busy = false;
      for (const transport of this.all) {
        transport.pump();
        if (transport.settle()) busy = true;
        if (endTurn()) busy = true;
      }
    }
  }
}
