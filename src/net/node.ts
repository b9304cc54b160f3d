// HOT PATH — bench: bench/main.ts
/**
 * The transport seam on the sockets of node:net and node:tls: TLS connections, and all of them
 * where a connection cannot do without its socket (`net/handle-transport.ts`).
 *
 * TCP sockets that we open read into one shared buffer (`onread`): bytes are used up or copied
 * inside `onBytes`, so one buffer serves all. Others use 'data' events. Listeners are shared
 * functions that find their transport through OWNER: a connection costs no closures.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { closeReasonOf } from './close-reason.ts';
import { connectHandle } from './handle-transport.ts';
import { timePassed } from './monotonic.ts';
import { ANSWER_BUFFER } from './read-buffer.ts';
import { STREAM_WRAP } from './stream-wrap.ts';
import {
  CLOSE_NORMAL,
  type Connector,
  NOBODY,
  type Transport,
  type TransportHandler,
} from './transport.ts';

const OWNER = Symbol('transport');

interface OwnedSocket extends Socket {
  [OWNER]: NodeTransport;
}

/** For `net.connect`: read into the shared buffer. */
const READ_SHARED = { buffer: ANSWER_BUFFER, callback: onRead };

function onRead(this: unknown, bytes: number): boolean {
  (this as OwnedSocket)[OWNER].received(ANSWER_BUFFER, bytes);
  return true;
}

function onData(this: Socket, chunk: Buffer): void {
  (this as OwnedSocket)[OWNER].received(chunk, chunk.length);
}

function onDrain(this: Socket): void {
  (this as OwnedSocket)[OWNER].handler.onDrain();
}

function onConnect(this: Socket): void {
  (this as OwnedSocket)[OWNER].handler.onConnect();
}

function onEnd(this: Socket): void {
  (this as OwnedSocket)[OWNER].ended();
}

function onError(this: Socket, error: NodeJS.ErrnoException): void {
  (this as OwnedSocket)[OWNER].failed(closeReasonOf(error));
}

function onClose(this: Socket): void {
  (this as OwnedSocket)[OWNER].closed();
}

export class NodeTransport implements Transport {
  readonly lendsChunks: boolean;
  handler: TransportHandler;
  readonly #socket: Socket;
  #reason: number;
  #open: boolean;
  #paused: boolean;
  #peer: string;

  /** `sharedReads`: the socket was made with READ_SHARED. */
  constructor(socket: Socket, sharedReads: boolean) {
    this.lendsChunks = sharedReads;
    this.handler = NOBODY;
    this.#socket = socket;
    this.#reason = CLOSE_NORMAL;
    this.#open = true;
    this.#paused = false;
    this.#peer = '';
    (socket as OwnedSocket)[OWNER] = this;
    if (!sharedReads) socket.on('data', onData);
    socket.on('drain', onDrain);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  write(bytes: Uint8Array): boolean {
    const taken = this.#socket.write(bytes);
    // Encrypting takes its time, and the answer may have come in over a plain connection.
    timePassed();
    return taken;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  close(): void {
    this.#open = false;
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#open = false;
    this.#socket.destroy();
  }

  reset(): void {
    this.#open = false;
    // A socket that is shutting down cannot be reset, and would never close.
    if (this.#socket.writableEnded) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  bytesQueued(): number {
    return this.#socket.writableLength;
  }

  peerAddress(): string {
    if (this.#peer === '') {
      const address = this.#socket.remoteAddress ?? '';
      this.#peer = address.startsWith('::ffff:') ? address.slice(7) : address;
    }
    return this.#peer;
  }

  /** Bytes that arrived; nothing is passed on after `close` or `destroy`. */
  received(chunk: Buffer, end: number): void {
    if (this.#open) this.handler.onBytes(chunk, 0, end);
  }

  ended(): void {
    if (this.#open) this.handler.onEnd();
  }

  failed(reason: number): void {
    this.#reason = reason;
  }

  closed(): void {
    this.#open = false;
    this.handler.onClose(this.#reason);
  }
}

/** One per worker: it keeps the TLS sessions. */
export class NodeConnector implements Connector {
  /** The last TLS session of each address: the next handshake resumes it (RFC 8446 §2.2). */
  readonly #sessions = new Map<string, Buffer>();
  readonly #withHandles: boolean;

  constructor(withHandles = STREAM_WRAP !== undefined) {
    this.#withHandles = withHandles;
  }

  connect(host: string, port: number, tls: boolean, handler: TransportHandler): Transport {
    if (tls) return this.#tls(host, port, handler);
    if (this.#withHandles) return connectHandle(host, port, handler);
    return this.#tcp(host, port, handler);
  }

  #tcp(host: string, port: number, handler: TransportHandler): Transport {
    const socket = connectTcp({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      onread: READ_SHARED,
    });
    const transport = new NodeTransport(socket, true);
    transport.handler = handler;
    socket.once('connect', onConnect);
    return transport;
  }

  #tls(host: string, port: number, handler: TransportHandler): Transport {
    const address = `${host}:${port}`;
    const session = this.#sessions.get(address);
    const options: ConnectionOptions = {
      host,
      port,
      // A name for SNI and the certificate check; an IP address must not be sent as a name.
      servername: /^[\d.]+$|:/.test(host) ? '' : host,
      ALPNProtocols: ['http/1.1'],
    };
    if (session !== undefined) options.session = session;
    const socket = connectTls(options);
    socket.on('session', (ticket) => this.#sessions.set(address, ticket));
    socket.setNoDelay(true);
    const transport = new NodeTransport(socket, false);
    transport.handler = handler;
    socket.once('secureConnect', onConnect);
    return transport;
  }
}
