// HOT PATH — bench: bench/main.ts
/**
 * The transport seam on Bun's own sockets. Bun buffers nothing: `write` says how much the kernel
 * took, and the rest waits here until `drain`. Each chunk is a copy of its own, which Bun's own
 * node:net gives away, too; copying it again would cost a third more CPU per MB of body.
 * What else had to be learned is in docs/decisions/0015-runtime.md.
 *
 * Invariant: the handler is never called from within a call of ours, as with node:net; Bun itself
 * reports a close while we are still closing.
 */
import type { BunSocket, BunSocketHandlers } from './bun-api.ts';
import { closeReasonOf } from './close-reason.ts';
import {
  CLOSE_EXHAUSTED,
  CLOSE_NORMAL,
  CLOSE_RESET,
  type Transport,
  type TransportHandler,
} from './transport.ts';
import { WriteQueue } from './write-queue.ts';

const HIGH_WATER_BYTES = 64 * 1024;

/** What to do once everything is written. */
const GO_ON = 0;
const HALF_CLOSE = 1;
const CLOSE = 2;

type Socket = BunSocket<BunTransport>;

interface Opening {
  destroy(): void;
}

export class BunTransport implements Transport {
  readonly lendsChunks: boolean;
  handler: TransportHandler;
  /** What becomes the socket, and can still be called off. */
  opening: Opening | undefined;
  /** Undefined until there is one, and again after the close. */
  #socket: Socket | undefined;
  /** It takes bytes: connected, and the TLS handshake done. */
  #ready: boolean;
  readonly #queue: WriteQueue;
  #afterQueue: number;
  #reason: number;
  /** The handler may still be given bytes and the peer's end. */
  #open: boolean;
  #closed: boolean;
  #peerEnded: boolean;
  #paused: boolean;
  #peer: string;

  constructor(handler: TransportHandler) {
    this.lendsChunks = false;
    this.handler = handler;
    this.opening = undefined;
    this.#socket = undefined;
    this.#ready = false;
    this.#queue = new WriteQueue();
    this.#afterQueue = GO_ON;
    this.#reason = CLOSE_NORMAL;
    this.#open = true;
    this.#closed = false;
    this.#peerEnded = false;
    this.#paused = false;
    this.#peer = '';
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closed || this.#afterQueue !== GO_ON) return false;
    const queue = this.#queue;
    let taken = 0;
    if (queue.bytes === 0 && this.#ready) {
      taken = this.#socket!.write(bytes);
      if (taken === bytes.length) return true;
      if (taken < 0) {
        this.#lost();
        return false;
      }
    }
    queue.push(bytes, taken);
    return queue.bytes < HIGH_WATER_BYTES;
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket?.resume();
  }

  end(): void {
    if (this.#afterQueue !== GO_ON) return;
    this.#afterQueue = HALF_CLOSE;
    if (this.#queue.bytes === 0) this.#finish();
  }

  close(): void {
    this.#open = false;
    if (this.#afterQueue === CLOSE) return;
    this.#afterQueue = CLOSE;
    if (this.#queue.bytes === 0) this.#finish();
  }

  destroy(): void {
    this.#open = false;
    this.#queue.clear();
    if (this.#socket === undefined) this.#callOff();
    else this.#socket.close();
  }

  reset(): void {
    this.#open = false;
    this.#queue.clear();
    if (this.#socket === undefined) this.#callOff();
    else this.#socket.terminate();
  }

  bytesQueued(): number {
    return this.#queue.bytes;
  }

  peerAddress(): string {
    if (this.#peer === '') {
      const address = this.#socket?.remoteAddress ?? '';
      this.#peer = address.startsWith('::ffff:') ? address.slice(7) : address;
    }
    return this.#peer;
  }

  /** There is a socket, which may still have its TLS handshake before it. */
  attach(socket: Socket): void {
    this.opening = undefined;
    if (this.#closed) socket.terminate();
    else this.#socket = socket;
  }

  /** The socket takes bytes. False when nobody wants it any more. */
  attached(): boolean {
    const socket = this.#socket;
    if (socket === undefined) return false;
    this.#ready = true;
    if (this.#paused) socket.pause();
    if (this.#queue.bytes > 0) this.writable();
    else if (this.#afterQueue !== GO_ON) this.#finish();
    return this.#open;
  }

  received(chunk: Buffer): void {
    if (this.#open) this.handler.onBytes(chunk, 0, chunk.length);
  }

  writable(): void {
    const queue = this.#queue;
    // Bun also says so after a pause, with nothing to write.
    if (queue.bytes === 0 || !this.#ready) return;
    while (queue.bytes > 0) {
      const piece = queue.next();
      const taken = this.#socket!.write(piece);
      if (taken < 0) {
        this.#lost();
        return;
      }
      queue.taken(taken);
      if (taken < piece.length) return;
    }
    if (this.#afterQueue !== GO_ON) this.#finish();
    else this.handler.onDrain();
  }

  peerEnded(): void {
    if (this.#peerEnded) return;
    this.#peerEnded = true;
    if (this.#open) this.handler.onEnd();
  }

  /** The reason that a close soon to come will have. */
  failed(error: Error): void {
    this.#reason = closeReasonOf(error);
  }

  /** No socket could be made for want of descriptors; Bun calls that a refusal. */
  unmade(): void {
    this.#reason = CLOSE_EXHAUSTED;
    this.closed(undefined);
  }

  closed(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.opening = undefined;
    this.#ready = false;
    this.#socket = undefined;
    this.#queue.clear();
    // An error after our own destroy or reset is nobody's.
    if (error !== undefined && this.#open) this.#reason = closeReasonOf(error);
    process.nextTick(tellClosed, this);
  }

  tellClosed(): void {
    // After our half-close Bun reports the peer's FIN as a close.
    if (this.#reason === CLOSE_NORMAL) this.peerEnded();
    this.#open = false;
    this.handler.onClose(this.#reason);
  }

  #callOff(): void {
    this.opening?.destroy();
    this.closed(undefined);
  }

  /** Everything is written: do what was put off until then. */
  #finish(): void {
    const socket = this.#socket;
    if (!this.#ready || socket === undefined) return;
    if (this.#afterQueue === CLOSE || this.#peerEnded) socket.close();
    else socket.shutdown();
  }

  /** The socket refuses bytes: it is broken, or about to be reported closed. */
  #lost(): void {
    this.#reason = CLOSE_RESET;
    this.#queue.clear();
    this.#socket?.terminate();
  }
}

function tellClosed(transport: BunTransport): void {
  transport.tellClosed();
}

/** What a thrown error of ours would do in Node: end the worker, which is then replaced. */
function crash(error: Error): never {
  throw error;
}

/** The handlers that listener and connector share. */
export const SOCKET_HANDLERS: BunSocketHandlers<BunTransport> = {
  open(): void {},
  data(socket, chunk): void {
    socket.data.received(chunk);
  },
  drain(socket): void {
    socket.data.writable();
  },
  end(socket): void {
    socket.data.peerEnded();
  },
  close(socket, error): void {
    socket.data?.closed(error);
  },
  error(_socket, error): void {
    process.nextTick(crash, error);
  },
};
