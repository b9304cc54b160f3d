// HOT PATH — bench: bench/main.ts
/**
 * The transport seam on a TCP handle, without a socket object around it: a write is one call, a
 * read one callback, and an idle connection hardly more than the handle
 * (docs/decisions/0017-tcp-handles.md).
 *
 * Invariants: `#handle` is closed exactly once, and `onClose` comes from that close only, so never
 * from within a call of ours. All connections of one kind read into one buffer, whose bytes
 * are used up or copied inside `onBytes`.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { closeReasonOf } from './close-reason.ts';
import { freeTime, holdTime, timePassed } from './monotonic.ts';
import { ANSWER_BUFFER, REQUEST_BUFFER } from './read-buffer.ts';
import {
  type ShutdownRequest,
  STREAM_WRAP,
  type TcpHandle,
  type WriteRequest,
} from './stream-wrap.ts';
import { CLOSE_NORMAL, NOBODY, type Transport, type TransportHandler } from './transport.ts';

/** As of net.Socket: above it `write` asks to be waited for. */
const HIGH_WATER_BYTES = 64 * 1024;
const KEEP_ALIVE_DELAY_MS = 30_000;
const END_OF_STREAM = -4095;
const DONE_ALREADY = 1;
const NOTHING = Buffer.alloc(0);

const { WriteWrap, ShutdownWrap, state, readBytesOrError, lastWriteWasAsync } = STREAM_WRAP ?? {
  WriteWrap: Object as unknown as new () => WriteRequest,
  ShutdownWrap: Object as unknown as new () => ShutdownRequest,
  state: new Int32Array(1),
  readBytesOrError: 0,
  lastWriteWasAsync: 0,
};

/** Stands in until there is a handle: nothing of it is called then. */
const NO_HANDLE = {} as TcpHandle;

interface OwnedHandle extends TcpHandle {
  transport: HandleTransport;
}

interface OwnedWrite extends WriteRequest {
  transport: HandleTransport | undefined;
  /** Kept until the kernel has taken them. */
  bytes: Uint8Array;
}

interface OwnedShutdown extends ShutdownRequest {
  transport: HandleTransport;
}

function onRead(this: TcpHandle): void {
  (this as OwnedHandle).transport.received(state[readBytesOrError]!);
}

function onWritten(this: WriteRequest, status: number): void {
  const { transport } = this as OwnedWrite;
  (this as OwnedWrite).bytes = NOTHING;
  transport!.written(status);
}

function onShutdown(this: ShutdownRequest): void {
  (this as OwnedShutdown).transport.endWritten();
}

function onClosed(this: TcpHandle): void {
  (this as OwnedHandle).transport.closed();
}

function newWrite(): OwnedWrite {
  const request = new WriteWrap() as OwnedWrite;
  request.oncomplete = onWritten;
  request.transport = undefined;
  request.bytes = NOTHING;
  return request;
}

/** For the next write. Most end at once, and leave it as it is. */
let spare: OwnedWrite = newWrite();

/**
 * Takes the handle out of a socket that does not read yet; undefined when it cannot be had.
 * `halfOpen`: the end of the other side does not end ours.
 */
export function takeOver(socket: Socket, halfOpen: boolean): HandleTransport | undefined {
  const handle = STREAM_WRAP === undefined ? undefined : handleOf(socket);
  if (handle === undefined) return undefined;
  const transport = new HandleTransport(halfOpen, REQUEST_BUFFER);
  transport.adopt(handle);
  return transport;
}

/** Starts to connect; only where there are handles (`STREAM_WRAP`). */
export function connectHandle(
  host: string,
  port: number,
  handler: TransportHandler,
): HandleTransport {
  const transport = new HandleTransport(false);
  transport.handler = handler;
  const socket = connectTcp({
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
  });
  // Otherwise it would read before the handle is taken.
  socket.pause();
  transport.awaits(socket);
  return transport;
}

function handleOf(socket: Socket): TcpHandle | undefined {
  const donor = socket as unknown as { _handle: TcpHandle | null };
  const handle = donor._handle;
  if (!handle) return undefined;
  donor._handle = null;
  // The handle must not keep the socket in memory.
  for (const key of Object.getOwnPropertySymbols(handle)) {
    const owned = handle as unknown as Record<symbol, unknown>;
    if (owned[key] === socket) owned[key] = null;
  }
  return handle;
}

export class HandleTransport implements Transport {
  readonly lendsChunks: boolean;
  handler: TransportHandler;
  /** NO_HANDLE while it connects. */
  #handle: TcpHandle;
  #connecting: Socket | undefined;
  #peer: string;
  readonly #halfOpen: boolean;
  readonly #buffer: Buffer;
  #reason: number;
  /** Bytes are still passed on. */
  #open: boolean;
  #closing: boolean;
  #paused: boolean;
  /** Our side was asked to end; it has; the other side has. */
  #ending: boolean;
  #ended: boolean;
  #peerEnded: boolean;
  #closeWhenEnded: boolean;
  /** Writes that the kernel did not take at once. */
  #writes: number;
  #needsDrain: boolean;

  /** `buffer`: what it reads into, as do others. */
  constructor(halfOpen: boolean, buffer: Buffer = ANSWER_BUFFER) {
    this.lendsChunks = true;
    this.handler = NOBODY;
    this.#handle = NO_HANDLE;
    this.#connecting = undefined;
    this.#peer = '';
    this.#halfOpen = halfOpen;
    this.#buffer = buffer;
    this.#reason = CLOSE_NORMAL;
    this.#open = true;
    this.#closing = false;
    this.#paused = false;
    this.#ending = false;
    this.#ended = false;
    this.#peerEnded = false;
    this.#closeWhenEnded = false;
    this.#writes = 0;
    this.#needsDrain = false;
  }

  /** Begins to read from a handle that is connected. */
  adopt(handle: TcpHandle): void {
    this.#handle = handle;
    (handle as OwnedHandle).transport = this;
    handle.onread = onRead;
    // biome-ignore lint/correctness/useHookAtTopLevel: it is no React hook
    handle.useUserBuffer(this.#buffer);
    if (!this.#paused) handle.readStart();
  }

  /** The socket connects; its handle is ours as soon as it stands. */
  awaits(socket: Socket): void {
    this.#connecting = socket;
    socket.once('connect', () => {
      const handle = handleOf(socket);
      this.#connecting = undefined;
      socket.destroy();
      if (handle === undefined) throw new Error('a connected socket without a handle');
      this.adopt(handle);
      this.handler.onConnect();
    });
    socket.once('error', (error) => {
      this.#reason = closeReasonOf(error);
    });
    socket.once('close', () => {
      if (this.#connecting === undefined) return;
      this.#closing = true;
      this.closed();
    });
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || this.#ending) return true;
    const request = spare;
    const status = this.#handle.writeBuffer(request, bytes);
    timePassed();
    if (status !== 0) {
      this.#fail(status);
      return true;
    }
    if (state[lastWriteWasAsync] === 0) return true;
    request.transport = this;
    request.bytes = bytes;
    spare = newWrite();
    this.#writes++;
    if (this.#handle.writeQueueSize <= HIGH_WATER_BYTES) return true;
    this.#needsDrain = true;
    return false;
  }

  pause(): void {
    if (this.#paused || this.#closing) return;
    this.#paused = true;
    this.#handle.readStop();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#closing && !this.#peerEnded) this.#handle.readStart();
  }

  end(): void {
    if (this.#ending || this.#closing) return;
    this.#ending = true;
    const request = new ShutdownWrap() as OwnedShutdown;
    request.oncomplete = onShutdown;
    request.transport = this;
    const status = this.#handle.shutdown(request);
    // Never from within a call: what follows may close.
    if (status !== 0) setImmediate(endAtOnce, this, status);
  }

  close(): void {
    this.#open = false;
    this.#closeWhenEnded = true;
    if (this.#ended) this.#close();
    else this.end();
    // What arrives meanwhile is read and dropped: left unread it would make the close a reset.
    this.resume();
  }

  destroy(): void {
    this.#open = false;
    this.#close();
  }

  reset(): void {
    this.#open = false;
    if (this.#closing || this.#connecting !== undefined) {
      this.#close();
      return;
    }
    // A handle that is shutting down cannot be reset.
    if (!this.#ending && this.#handle.reset(onClosed) === 0) this.#closing = true;
    else this.#close();
  }

  bytesQueued(): number {
    return this.#writes === 0 || this.#closing ? 0 : this.#handle.writeQueueSize;
  }

  peerAddress(): string {
    if (this.#peer === '' && !this.#closing) {
      const name: { address?: string } = {};
      this.#handle.getpeername(name);
      const address = name.address ?? '';
      this.#peer = address.startsWith('::ffff:') ? address.slice(7) : address;
    }
    return this.#peer;
  }

  /** `count`: bytes in the buffer; negative = the end, or an error. */
  received(count: number): void {
    if (count > 0) {
      if (!this.#open) return;
      holdTime();
      try {
        this.handler.onBytes(this.#buffer, 0, count);
      } finally {
        freeTime();
      }
    } else if (count === END_OF_STREAM) {
      this.#peerEnd();
    } else if (count < 0) {
      this.#fail(count);
    }
  }

  written(status: number): void {
    this.#writes--;
    if (this.#closing) return;
    if (status < 0) {
      this.#fail(status);
    } else if (this.#writes === 0 && this.#needsDrain) {
      this.#needsDrain = false;
      if (this.#open) this.handler.onDrain();
    }
  }

  endWritten(): void {
    this.#ended = true;
    if (this.#closeWhenEnded || this.#peerEnded) this.#close();
  }

  closed(): void {
    this.handler.onClose(this.#reason);
  }

  failed(status: number): void {
    this.#fail(status);
  }

  #peerEnd(): void {
    this.#peerEnded = true;
    if (this.#open) this.handler.onEnd();
    if (this.#closing) return;
    if (this.#ended) this.#close();
    else if (!this.#halfOpen) this.close();
  }

  #fail(status: number): void {
    if (this.#closing) return;
    const error: NodeJS.ErrnoException = new Error('socket');
    error.code = getSystemErrorName(status);
    this.#reason = closeReasonOf(error);
    this.destroy();
  }

  #close(): void {
    if (this.#closing) return;
    if (this.#connecting !== undefined) {
      this.#connecting.destroy();
      return;
    }
    this.#closing = true;
    this.#handle.close(onClosed);
  }
}

function endAtOnce(transport: HandleTransport, status: number): void {
  if (status === DONE_ALREADY) transport.endWritten();
  else transport.failed(status);
}
